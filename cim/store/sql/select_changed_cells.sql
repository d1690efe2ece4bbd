-- The cells of buildings that commits have touched since a change, each with its last one; those of the other current bodies
-- of the same buildings too. A row without a cell: everything may have changed.
WITH news AS (
    SELECT id, features, cells FROM cim.change WHERE id > :after AND layer IN ('buildings', '*')
), touched AS (
    SELECT building_id, max(id) AS id FROM news, unnest(features) AS building_id GROUP BY building_id
)
SELECT cell, max(id) AS id FROM (
    SELECT cell, id FROM news LEFT JOIN LATERAL unnest(cells) AS cell ON true
    WHERE cells IS NULL OR cell IS NOT NULL
    UNION ALL
    SELECT b.cell, t.id FROM touched t JOIN cim.body b USING (building_id) WHERE b.record_to IS NULL
) found
GROUP BY cell ORDER BY cell
