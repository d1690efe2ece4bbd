-- How many objects of each kind lie between two moments; the kinds are those of diff_bodies.
SELECT CASE WHEN a.id IS NULL THEN 'added' WHEN b.id IS NULL THEN 'removed'
            WHEN a.footprint::bytea IS DISTINCT FROM b.footprint::bytea THEN 'moved'
            WHEN old IS DISTINCT FROM new THEN 'changed' END AS kind, count(*) AS number
FROM (
    SELECT * FROM cim.body
    WHERE dataset_id = :dataset_id AND role <> 2 AND valid_to IS NULL AND record_from <= :before
      AND record_to > :before AND record_to <= :after
) a FULL JOIN (
    SELECT * FROM cim.body
    WHERE dataset_id = :dataset_id AND role <> 2 AND valid_to IS NULL AND record_from > :before AND record_from <= :after
      AND (record_to IS NULL OR record_to > :after)
) b ON b.building_id = a.building_id AND b.lod = a.lod
LEFT JOIN LATERAL (
    SELECT a.name, a.address, a.use, a.roof_form, a.storeys, a.year, a.height_m, a.height_basis, a.eaves_m, a.base_m,
           a.cim_level, a.source, a.survey_date, a.accuracy_m, a.is_synthetic, a.valid_from, a.properties,
           CASE WHEN a.geom IS NOT NULL
                THEN md5(ROW(a.geom, a.semantics, a.structure, a.appearance)::text) END AS surfaces) old ON true
LEFT JOIN LATERAL (
    SELECT b.name, b.address, b.use, b.roof_form, b.storeys, b.year, b.height_m, b.height_basis, b.eaves_m, b.base_m,
           b.cim_level, b.source, b.survey_date, b.accuracy_m, b.is_synthetic, b.valid_from, b.properties,
           CASE WHEN b.geom IS NOT NULL
                THEN md5(ROW(b.geom, b.semantics, b.structure, b.appearance)::text) END AS surfaces) new ON true
GROUP BY kind
