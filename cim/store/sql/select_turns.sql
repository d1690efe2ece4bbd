-- Where states began or ended by date between two moments (the first left out), by layer and square of 16 x 16 grid cells.
SELECT layer, features, cells,
       CASE WHEN extent IS NOT NULL
            THEN ARRAY[ST_XMin(extent), ST_YMin(extent), ST_XMax(extent), ST_YMax(extent)] END AS reach
FROM (
    SELECT layer, cell >> 8 AS block, array_agg(DISTINCT object) AS features,
           coalesce(array_agg(DISTINCT cell) FILTER (WHERE cell IS NOT NULL), '{}') AS cells, ST_Extent(mercator) AS extent
    FROM (
        SELECT 'buildings' AS layer, building_id AS object, cell, mercator FROM cim.body
        WHERE record_to IS NULL AND valid_from > :since AND valid_from <= :until
        UNION ALL
        SELECT 'buildings', building_id, cell, mercator FROM cim.body
        WHERE record_to IS NULL AND valid_to > :since AND valid_to <= :until
        UNION ALL
        SELECT layer, object_id, cell, mercator FROM cim.feature
        WHERE record_to IS NULL AND valid_from > :since AND valid_from <= :until
        UNION ALL
        SELECT layer, object_id, cell, mercator FROM cim.feature
        WHERE record_to IS NULL AND valid_to > :since AND valid_to <= :until
    ) turned
    GROUP BY layer, block
) squares ORDER BY layer, block
