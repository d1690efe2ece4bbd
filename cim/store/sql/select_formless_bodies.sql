-- Every current body of some levels whose roof nobody tells but the derived dataset: what is shown of it otherwise, by
-- building and level of detail. Protected ground: a heritage zone, the old town's own level, a building with a grade.
-- Eaves that the derived dataset brought are not the building's. Footprints come as WKB.
SELECT b.building_id, b.lod, b.cim_level, ST_AsBinary(b.footprint) AS footprint, b.use, coalesce(b.year, 0) AS year,
       coalesce(b.storeys, 0) AS storeys, b.height_m, b.base_m, b.is_synthetic,
       b.name, coalesce(b.height_basis, 'source') = 'source' AS height_is_stated,
       CASE WHEN b.role = 2 AND b.decisions #>> '{won,eaves_m,dataset}' = :derived THEN NULL ELSE b.eaves_m END AS eaves_m,
       (b.cim_level = 3 OR b.properties ? 'protection_grade' OR EXISTS (
           SELECT FROM cim.current_feature z
           WHERE z.layer = 'heritage_zones' AND ST_Intersects(z.geom, b.footprint))) AS in_protected_ground
FROM cim.current_body b
WHERE b.cim_level = ANY (CAST(:levels AS int[])) AND NOT (b.role = 0 AND b.properties ? 'tells_of')
  AND NOT EXISTS (
    SELECT FROM cim.body o JOIN cim.dataset e ON e.id = o.dataset_id
    WHERE o.building_id = b.building_id AND o.lod = b.lod AND o.record_to IS NULL AND o.role <> 2
      AND (o.roof_form <> 0 OR o.properties ? 'roof_basis') AND e.name <> :derived)
ORDER BY b.building_id, b.lod
