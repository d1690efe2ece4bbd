-- Bodies of now that protected units may be: with one of these words in their names (blanks apart), at one of these
-- addresses, under one of these points, or of these ids; with the codes of the divisions that hold them.
SELECT b.building_id, b.lod, b.cim_level, b.name, b.address, b.use, b.height_m, b.base_m, b.is_synthetic,
       ST_AsBinary(b.footprint) AS shape,
       ARRAY(
           SELECT v.properties ->> 'code' FROM cim.current_feature v
           WHERE v.layer = 'divisions' AND v.properties ? 'code'
             AND ST_Intersects(v.geom, ST_PointOnSurface(b.footprint)) ORDER BY 1) AS divisions
FROM cim.current_body b
WHERE NOT (b.role = 0 AND b.properties ? 'tells_of')
  AND (b.building_id = ANY (CAST(:ids AS bigint[]))
    OR b.address = ANY (CAST(:addresses AS text[]))
    OR ST_Intersects(b.footprint, CAST(:points AS geometry))
    OR EXISTS (
        SELECT FROM unnest(CAST(:words AS text[])) AS w (word)
        WHERE position(w.word IN lower(regexp_replace(b.name, '[[:space:]]', '', 'g'))) > 0))
ORDER BY b.building_id, b.lod
