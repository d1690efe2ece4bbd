-- States of a dataset that one of two moments knew and the other did not, side by side. `old` is the earlier one; no kind:
-- only its role beside other sources is another. Attributes come as JSON texts, both only where they differ.
SELECT coalesce(a.object_id, b.object_id) AS id, 0 AS lod,
       CASE WHEN a.id IS NULL THEN 'added' WHEN b.id IS NULL THEN 'removed'
            WHEN a.geom::bytea IS DISTINCT FROM b.geom::bytea OR a.raised::bytea IS DISTINCT FROM b.raised::bytea THEN 'moved'
            WHEN old IS DISTINCT FROM new THEN 'changed' END AS kind,
       ST_AsBinary(CASE WHEN :turned THEN coalesce(a.raised, a.geom, b.raised, b.geom)
                   ELSE coalesce(b.raised, b.geom, a.raised, a.geom) END) AS shape,
       CASE WHEN a.id IS NOT NULL THEN row_to_json(old)::text END AS before,
       CASE WHEN b.id IS NOT NULL THEN row_to_json(new)::text END AS after
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
ORDER BY id, lod
