-- States of a dataset's bodies that one of two moments knew and the other did not, side by side. `old` is the earlier one.
SELECT coalesce(a.building_id, b.building_id) AS id, coalesce(a.lod, b.lod) AS lod,
       a.id IS NOT NULL AS was, b.id IS NOT NULL AS is,
       a.footprint::bytea IS DISTINCT FROM b.footprint::bytea AS moved,
       ST_AsBinary(coalesce(b.footprint, a.footprint)) AS shape,
       CASE WHEN a.id IS NOT NULL THEN ROW_TO_JSON(old) END AS before,
       CASE WHEN b.id IS NOT NULL THEN ROW_TO_JSON(new) END AS after
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
           a.cim_level, a.source, a.survey_date, a.accuracy_m, a.is_synthetic, a.valid_from, a.properties) old ON true
LEFT JOIN LATERAL (
    SELECT b.name, b.address, b.use, b.roof_form, b.storeys, b.year, b.height_m, b.height_basis, b.eaves_m, b.base_m,
           b.cim_level, b.source, b.survey_date, b.accuracy_m, b.is_synthetic, b.valid_from, b.properties) new ON true
ORDER BY id, lod
