-- Points of a vector tile below z14: of those in one square of 8 pixels the one with the lowest id is shown, and `count`
-- says how many stand there. A point belongs to one square of one tile (both are half open).
WITH present AS (
    SELECT id AS state, object_id,
           (ST_XMin(mercator) + ST_XMax(mercator)) / 2 AS x, (ST_YMin(mercator) + ST_YMax(mercator)) / 2 AS y
    FROM cim.feature
    WHERE record_to IS NULL AND layer = %(layer)s AND cim.holds(valid_from, valid_to, now())
      AND mercator && %(near)s::geometry
), squares AS (
    SELECT state, object_id, floor((x - %(west)s::float8) / %(square)s::float8) AS across,
           floor((y - %(south)s::float8) / %(square)s::float8) AS up
    FROM present
    WHERE x >= %(west)s::float8 AND x < %(east)s::float8 AND y >= %(south)s::float8 AND y < %(north)s::float8
), shown AS (
    SELECT DISTINCT ON (across, up) state, count(*) OVER (PARTITION BY across, up) AS count FROM squares
    ORDER BY across, up, object_id, state
)
SELECT ST_AsMVT(t, %(layer)s, 4096, 'shape', 'feature') FROM (
    SELECT ST_AsMVTGeom(f.mercator, %(box)s::box2d, 4096, 64, true) AS shape, f.object_id AS feature, f.object_id AS id,
           {columns} f.count, f.source, f.accuracy_m, f.is_synthetic
    FROM (SELECT * FROM shown JOIN cim.feature ON id = state ORDER BY object_id, id) f
) t WHERE shape IS NOT NULL
