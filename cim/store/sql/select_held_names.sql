-- select_held_names
-- The distinct names of all places that are held, with what they are to them.
WITH told AS (
    SELECT folded_name AS folded, min(rank) AS rank,
           CASE WHEN layer IN ('divisions', 'division_codes') THEN 16 WHEN layer = 'roads' THEN 3 ELSE 1 END AS roles
    FROM cim.place WHERE folded_name <> '' GROUP BY 1, 3
    UNION ALL SELECT street, min(rank), 2 FROM cim.place WHERE street <> '' GROUP BY 1
    UNION ALL SELECT quarter, min(rank), 4 FROM cim.place WHERE quarter <> '' GROUP BY 1
    UNION ALL SELECT community, min(rank), 8 FROM cim.place WHERE community <> '' GROUP BY 1
)
SELECT folded, bit_or(roles) AS roles, min(rank) AS rank FROM told GROUP BY folded ORDER BY folded
