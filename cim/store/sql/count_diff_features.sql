-- How many objects of each kind lie between two moments; the kinds are those of diff_features.
SELECT CASE WHEN a.id IS NULL THEN 'added' WHEN b.id IS NULL THEN 'removed'
            WHEN a.geom::bytea IS DISTINCT FROM b.geom::bytea OR a.raised::bytea IS DISTINCT FROM b.raised::bytea THEN 'moved'
            WHEN old IS DISTINCT FROM new THEN 'changed' END AS kind, count(*) AS number
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
GROUP BY kind
