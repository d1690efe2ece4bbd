-- select_staged_names
-- The distinct names of the staged places, with what they are to them: those that are new, or more than they were.
WITH told AS (
    SELECT folded_name AS folded, role AS roles, min(rank) AS rank FROM spelling WHERE folded_name <> '' GROUP BY 1, 2
    UNION ALL SELECT street, 2, min(rank) FROM spelling WHERE street <> '' GROUP BY 1
    UNION ALL SELECT quarter, 4, min(rank) FROM spelling WHERE quarter <> '' GROUP BY 1
    UNION ALL SELECT community, 8, min(rank) FROM spelling WHERE community <> '' GROUP BY 1
), named AS (
    SELECT folded, bit_or(roles::int) AS roles, min(rank) AS rank FROM told GROUP BY folded
)
SELECT named.* FROM named
LEFT JOIN cim.place_name held ON held.spelling = named.folded AND held.folded = named.folded
WHERE held.folded IS NULL OR held.rank > named.rank OR held.roles <> (held.roles | named.roles)
ORDER BY folded
