-- Observations, idempotent; then the last values, forward in time only. Rows are locked in the order of their keys.
-- `fixes`: the things that were seen at a new place, unless another of their datastreams knows a newer one.
WITH given AS (
    SELECT DISTINCT ON (datastream_id, phenomenon_time) datastream_id, phenomenon_time, result, lon, lat
    FROM unnest(
        CAST(:ids AS bigint[]), CAST(:times AS timestamptz[]), CAST(:results AS float8[]),
        CAST(:lons AS float8[]), CAST(:lats AS float8[])
    ) WITH ORDINALITY AS g (datastream_id, phenomenon_time, result, lon, lat, place)
    ORDER BY datastream_id, phenomenon_time, place DESC
), stored AS (
    INSERT INTO cim.observation AS o (datastream_id, phenomenon_time, result, lon, lat)
    SELECT datastream_id, phenomenon_time, result, lon, lat FROM given
    ON CONFLICT (datastream_id, phenomenon_time) DO UPDATE
        SET result = excluded.result, lon = excluded.lon, lat = excluded.lat, received_at = now()
        WHERE (o.result, o.lon, o.lat) IS DISTINCT FROM (excluded.result, excluded.lon, excluded.lat)
    RETURNING datastream_id, phenomenon_time, result, lon, lat
), newest AS (
    SELECT DISTINCT ON (datastream_id) * FROM stored ORDER BY datastream_id, phenomenon_time DESC
), moved AS (
    INSERT INTO cim.latest AS l (datastream_id, phenomenon_time, result, lon, lat)
    SELECT datastream_id, phenomenon_time, result, lon, lat FROM newest
    ON CONFLICT (datastream_id) DO UPDATE
        SET phenomenon_time = excluded.phenomenon_time, result = excluded.result, lon = excluded.lon, lat = excluded.lat
        WHERE l.phenomenon_time <= excluded.phenomenon_time
    RETURNING datastream_id, phenomenon_time, lon, lat
), fixes AS (
    SELECT DISTINCT ON (d.thing_id) d.thing_id, m.lon, m.lat
    FROM moved m JOIN cim.datastream d ON d.id = m.datastream_id
    WHERE m.lon IS NOT NULL AND NOT EXISTS (
        SELECT FROM cim.latest l JOIN cim.datastream other ON other.id = l.datastream_id
        WHERE other.thing_id = d.thing_id AND l.lon IS NOT NULL AND l.phenomenon_time > m.phenomenon_time)
    ORDER BY d.thing_id, m.phenomenon_time DESC
)
SELECT (SELECT count(*) FROM stored) AS changed,
       coalesce((SELECT array_agg(datastream_id ORDER BY datastream_id) FROM moved), '{}') AS moved,
       (SELECT json_agg(fixes ORDER BY thing_id) FROM fixes) AS fixes
