-- Current buildings as GeoJSON Features in lon/lat, ascending id. A box is given in the city frame.
SELECT b.building_id AS id,
       ST_AsGeoJSON(ST_Transform(b.footprint, 4326), 7)::json AS geometry,
       json_build_object(
           'name', b.name, 'address', b.address, 'use', b.use, 'height_m', b.height_m, 'height_basis', b.height_basis,
           'eaves_m', b.eaves_m, 'base_m', b.base_m, 'storeys', b.storeys, 'year', b.year, 'roof_form', b.roof_form,
           'cim_level', b.cim_level, 'lod', b.lod, 'source', b.source, 'survey_date', b.survey_date,
           'accuracy_m', b.accuracy_m, 'is_synthetic', b.is_synthetic, 'dataset', d.name, 'source_row', b.source_row,
           'extra', b.properties) AS properties
FROM (
    SELECT DISTINCT ON (building_id) * FROM cim.body
    WHERE record_to IS NULL
      AND (CAST(:after AS bigint) IS NULL OR building_id > :after)
      AND (CAST(:id AS bigint) IS NULL OR building_id = :id)
      AND (CAST(:box AS geometry) IS NULL OR ST_Intersects(CAST(:box AS geometry), footprint))
      AND (CAST(:within AS geometry) IS NULL OR ST_Intersects(CAST(:within AS geometry), footprint))
    ORDER BY building_id, lod DESC
    LIMIT :limit
) b JOIN cim.dataset d ON d.id = b.dataset_id
ORDER BY b.building_id
