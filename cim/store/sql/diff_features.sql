-- States of a dataset's features that one of two moments knew and the other did not, side by side. `old` is the earlier one.
SELECT coalesce(a.object_id, b.object_id) AS id, 0 AS lod,
       a.id IS NOT NULL AS was, b.id IS NOT NULL AS is,
       a.geom::bytea IS DISTINCT FROM b.geom::bytea AS moved,
       ST_AsBinary(coalesce(b.geom, a.geom)) AS shape,
       CASE WHEN a.id IS NOT NULL THEN ROW_TO_JSON(old) END AS before,
       CASE WHEN b.id IS NOT NULL THEN ROW_TO_JSON(new) END AS after
FROM (
    SELECT * FROM cim.feature
    WHERE dataset_id = :dataset_id AND valid_to IS NULL AND record_from <= :before
      AND record_to > :before AND record_to <= :after
) a FULL JOIN (
    SELECT * FROM cim.feature
    WHERE dataset_id = :dataset_id AND valid_to IS NULL AND record_from > :before AND record_from <= :after
      AND (record_to IS NULL OR record_to > :after)
) b ON b.object_id = a.object_id
LEFT JOIN LATERAL (
    SELECT a.name, a.source, a.survey_date, a.accuracy_m, a.is_synthetic, a.valid_from, a.properties) old ON true
LEFT JOIN LATERAL (
    SELECT b.name, b.source, b.survey_date, b.accuracy_m, b.is_synthetic, b.valid_from, b.properties) new ON true
ORDER BY id
