-- Observations in the order of time (ASC): each datastream gives its share from the primary key, then they are merged.
SELECT o.datastream_id, o.phenomenon_time, o.result, o.lon, o.lat
FROM cim.datastream d CROSS JOIN LATERAL (
    SELECT * FROM cim.observation o
    WHERE o.datastream_id = d.id
      AND (CAST(:time AS timestamptz) IS NULL OR o.phenomenon_time >= :time)
      AND (CAST(:time AS timestamptz) IS NULL OR (o.phenomenon_time, o.datastream_id) > (:time, :after_id))
    ORDER BY o.phenomenon_time ASC
    LIMIT :reach
) o
WHERE CAST(:id AS bigint) IS NULL OR d.id = :id
ORDER BY o.phenomenon_time ASC, o.datastream_id ASC
OFFSET :skip LIMIT :limit
