-- Things with the last value of each of their datastreams (one row a datastream; one without values for none).
SELECT t.id AS thing_id, t.code, t.name, t.kind, t.building_id, t.is_synthetic,
       round(ST_X(ST_Transform(t.geom, 4490))::numeric, 7)::float8 AS lon,
       round(ST_Y(ST_Transform(t.geom, 4490))::numeric, 7)::float8 AS lat,
       d.id AS datastream_id, d.property, d.unit_symbol, d.period_s, d.thresholds,
       l.phenomenon_time, l.result
FROM cim.thing t
LEFT JOIN cim.datastream d ON d.thing_id = t.id
LEFT JOIN cim.latest l ON l.datastream_id = d.id
WHERE (CAST(:things AS bigint[]) IS NULL OR t.id = ANY(CAST(:things AS bigint[])))
  AND (CAST(:box AS geometry) IS NULL OR t.geom && CAST(:box AS geometry))
ORDER BY t.id, d.id
