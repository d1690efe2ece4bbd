-- Lines and areas of a vector tile below z14: what is smaller than a pixel both ways is left out, the rest is simplified to
-- half a pixel. Where that is more than a tile should hold the smaller ones go: `most` counts points, and 8 a feature.
WITH present AS (
    SELECT id AS state, object_id, mercator,
           greatest(ST_XMax(mercator) - ST_XMin(mercator), ST_YMax(mercator) - ST_YMin(mercator)) AS size
    FROM cim.feature
    WHERE record_to IS NULL AND layer = %(layer)s AND cim.holds(valid_from, valid_to, now())
      AND mercator && %(near)s::geometry
), simple AS MATERIALIZED (
    SELECT state, object_id, size,
           ST_AsMVTGeom(ST_Simplify(mercator, %(pixel)s::float8 / 2, true), %(box)s::box2d, 4096, 64, true) AS shape
    FROM present WHERE size >= %(pixel)s::float8
), ranked AS (
    SELECT state, shape, ST_NPoints(shape) + 8 AS weight,
           sum(ST_NPoints(shape) + 8) OVER (ORDER BY size DESC, object_id, state) AS total
    FROM simple WHERE shape IS NOT NULL
)
SELECT ST_AsMVT(t, %(layer)s, 4096, 'shape', 'feature') FROM (
    SELECT f.shape, f.object_id AS feature, f.object_id AS id, {columns} f.source, f.accuracy_m, f.is_synthetic
    FROM (
        SELECT * FROM ranked JOIN cim.feature ON id = state WHERE total - weight < %(most)s::integer
        ORDER BY object_id, id
    ) f
) t
