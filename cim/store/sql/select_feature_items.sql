-- Current features of a layer as GeoJSON Features in lon/lat, ascending id. A box is given in the city frame.
SELECT f.object_id AS id,
       ST_AsGeoJSON(ST_Transform(f.geom, 4326), 7)::json AS geometry,
       (f.properties || jsonb_build_object(
           'name', f.name, 'source', f.source, 'survey_date', f.survey_date, 'accuracy_m', f.accuracy_m,
           'is_synthetic', f.is_synthetic, 'dataset', d.name, 'source_row', f.source_row))::json AS properties
FROM cim.feature f JOIN cim.dataset d ON d.id = f.dataset_id
WHERE f.record_to IS NULL AND f.layer = :layer
  AND (CAST(:after AS bigint) IS NULL OR f.object_id > :after)
  AND (CAST(:id AS bigint) IS NULL OR f.object_id = :id)
  AND (CAST(:box AS geometry) IS NULL OR ST_Intersects(CAST(:box AS geometry), f.geom))
  AND (CAST(:within AS geometry) IS NULL OR ST_Intersects(CAST(:within AS geometry), f.geom))
ORDER BY f.object_id
LIMIT :limit
