-- Buildings as GeoJSON Features in lon/lat, ascending id: as they were at a moment, by what the model knew at another one.
-- `id` is the key under which the building first came, whichever record tells of it now (exports of a layer do likewise).
-- A box is given in the city frame. Without `known` the second half is not even begun.
SELECT b.building_id AS id,
       ST_AsGeoJSON(ST_Transform(b.footprint, 4326), 7)::json AS geometry,
       json_build_object(
           'id', o.source_key, 'name', b.name, 'address', b.address, 'use', b.use,
           'height_m', b.height_m, 'height_basis', b.height_basis, 'eaves_m', b.eaves_m, 'base_m', b.base_m, 'storeys', b.storeys, 'year', b.year, 'roof_form', b.roof_form,
           'cim_level', b.cim_level, 'lod', b.lod, 'has_surfaces', b.geom IS NOT NULL, 'source', b.source, 'survey_date', b.survey_date,
           'accuracy_m', b.accuracy_m, 'is_synthetic', b.is_synthetic, 'dataset', d.name, 'source_row', b.source_row,
           'valid_from', b.valid_from, 'valid_to', b.valid_to, 'record_from', b.record_from, 'record_to', b.record_to,
           'decisions', b.decisions, 'extra', b.properties) AS properties
FROM (
    SELECT DISTINCT ON (building_id) * FROM (
        SELECT * FROM cim.body
        WHERE record_to IS NULL AND role <> 1
          AND (CAST(:known AS timestamptz) IS NULL OR record_from <= :known)
          AND cim.holds(valid_from, valid_to, coalesce(CAST(:at AS timestamptz), now()))
          AND (CAST(:after AS bigint) IS NULL OR building_id > :after)
          AND (CAST(:id AS bigint) IS NULL OR building_id = :id)
          AND (CAST(:box AS geometry) IS NULL OR ST_Intersects(CAST(:box AS geometry), footprint))
          AND (CAST(:within AS geometry) IS NULL OR ST_Intersects(CAST(:within AS geometry), footprint))
        UNION ALL
        SELECT * FROM cim.body
        WHERE CAST(:known AS timestamptz) IS NOT NULL
          AND record_to IS NOT NULL AND role <> 1 AND record_from <= :known AND record_to > :known
          AND cim.holds(valid_from, valid_to, coalesce(CAST(:at AS timestamptz), now()))
          AND (CAST(:after AS bigint) IS NULL OR building_id > :after)
          AND (CAST(:id AS bigint) IS NULL OR building_id = :id)
          AND (CAST(:box AS geometry) IS NULL OR ST_Intersects(CAST(:box AS geometry), footprint))
          AND (CAST(:within AS geometry) IS NULL OR ST_Intersects(CAST(:within AS geometry), footprint))
    ) states
    ORDER BY building_id, lod DESC
    LIMIT :limit
) b JOIN cim.dataset d ON d.id = b.dataset_id JOIN cim.object o ON o.id = b.building_id
ORDER BY b.building_id
