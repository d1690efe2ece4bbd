-- Features of a layer as GeoJSON Features in lon/lat, ascending id: as they were at a moment, by what the model knew at
-- another one. A box is given in the city frame. Where heights are known they stand in the geometry (city datum). Without `known` the second half is not even begun.
SELECT f.object_id AS id,
       ST_AsGeoJSON(ST_Transform(coalesce(f.raised, f.geom), 4326), 7)::json AS geometry,
       (f.properties || jsonb_build_object(
           'name', f.name, 'source', f.source, 'survey_date', f.survey_date, 'accuracy_m', f.accuracy_m,
           'is_synthetic', f.is_synthetic, 'dataset', d.name, 'source_row', f.source_row, 'valid_from', f.valid_from,
           'valid_to', f.valid_to, 'record_from', f.record_from, 'record_to', f.record_to)
       || CASE WHEN :layer <> 'addresses' THEN '{}' ELSE jsonb_build_object(
           'building_id', l.building_id, 'matched_by', l.how, 'matched_distance_m', l.distance_m, 'unmatched_because', u.why) END)::json AS properties
FROM (
    SELECT * FROM (
        SELECT * FROM cim.feature
        WHERE record_to IS NULL AND layer = :layer
          AND (CAST(:known AS timestamptz) IS NULL OR record_from <= :known)
          AND cim.holds(valid_from, valid_to, coalesce(CAST(:at AS timestamptz), now()))
          AND (CAST(:after AS bigint) IS NULL OR object_id > :after)
          AND (CAST(:id AS bigint) IS NULL OR object_id = :id)
          AND (CAST(:box AS geometry) IS NULL OR ST_Intersects(CAST(:box AS geometry), geom))
          AND (CAST(:within AS geometry) IS NULL OR ST_Intersects(CAST(:within AS geometry), geom))
        UNION ALL
        SELECT * FROM cim.feature
        WHERE CAST(:known AS timestamptz) IS NOT NULL
          AND record_to IS NOT NULL AND layer = :layer AND record_from <= :known AND record_to > :known
          AND cim.holds(valid_from, valid_to, coalesce(CAST(:at AS timestamptz), now()))
          AND (CAST(:after AS bigint) IS NULL OR object_id > :after)
          AND (CAST(:id AS bigint) IS NULL OR object_id = :id)
          AND (CAST(:box AS geometry) IS NULL OR ST_Intersects(CAST(:box AS geometry), geom))
          AND (CAST(:within AS geometry) IS NULL OR ST_Intersects(CAST(:within AS geometry), geom))
    ) states
    ORDER BY object_id
    LIMIT :limit
) f JOIN cim.dataset d ON d.id = f.dataset_id
LEFT JOIN cim.address_link l ON l.address_id = f.object_id  -- of the present, whatever moment is asked for
LEFT JOIN cim.address_unlinked u ON u.address_id = f.object_id
ORDER BY f.object_id
