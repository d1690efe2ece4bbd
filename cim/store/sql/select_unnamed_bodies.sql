-- Staged records that name a building as theirs, and what is wrong with that: no such building stands, another staged record
-- is that building at this level of detail under a key of its own, or it stands elsewhere.
SELECT s.source_row, s.building,
       CASE WHEN b.building_id IS NULL THEN 'building_unknown' WHEN own.source_row IS NOT NULL THEN 'duplicate_key'
            ELSE 'building_elsewhere' END AS code,
       own.source_row AS other_row, ST_Distance(s.geom, b.footprint) AS apart_m
FROM staging s
LEFT JOIN LATERAL (
    SELECT b.building_id, b.footprint FROM cim.current_body b WHERE b.building_id = s.building
    ORDER BY ST_Distance(b.footprint, s.geom), b.lod DESC LIMIT 1) b ON true
LEFT JOIN LATERAL (
    SELECT o.source_row FROM (
        SELECT source_key FROM cim.object WHERE id = s.building AND dataset_id = :dataset_id
        UNION ALL SELECT source_key FROM cim.object_alias WHERE object_id = s.building AND dataset_id = :dataset_id
    ) keys JOIN staging o USING (source_key)
    WHERE o.source_key <> s.source_key AND o.lod = s.lod ORDER BY o.source_row LIMIT 1) own ON true
WHERE s.building IS NOT NULL
  AND (b.building_id IS NULL OR own.source_row IS NOT NULL OR NOT ST_Intersects(s.geom, b.footprint))
ORDER BY s.source_row
