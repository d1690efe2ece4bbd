-- Datastreams with their thing and the span of their observations; both ends come from the primary key's index.
SELECT d.id, d.thing_id, t.name AS thing_name, t.kind, t.is_synthetic, d.property, d.unit_name, d.unit_symbol,
       d.period_s, d.thresholds,
       (SELECT min(o.phenomenon_time) FROM cim.observation o WHERE o.datastream_id = d.id) AS first_time,
       (SELECT l.phenomenon_time FROM cim.latest l WHERE l.datastream_id = d.id) AS last_time
FROM cim.datastream d JOIN cim.thing t ON t.id = d.thing_id
WHERE (CAST(:ids AS bigint[]) IS NULL OR d.id = ANY(CAST(:ids AS bigint[])))
  AND (CAST(:things AS bigint[]) IS NULL OR d.thing_id = ANY(CAST(:things AS bigint[])))
  AND (CAST(:after AS bigint) IS NULL OR d.id > :after)
ORDER BY d.id
OFFSET :skip LIMIT :limit
