-- Buildings of a vector tile below z14. Those that cover 16 square pixels or more are shown as they are (the `most` largest),
-- simplified to half a pixel. The others are merged by squares of 8 pixels, each into one square that covers as much ground
-- as they do (a pixel at least), in their middle. `count` says how many buildings a feature stands for; a merged one is counted where the middle
-- of its box lies: in one square of one tile (squares and tiles are half open).
WITH present AS MATERIALIZED (
    SELECT DISTINCT ON (building_id) id AS state, height_m, is_synthetic, greatest(ST_Area(footprint), 0.01) AS area,
           (ST_XMin(mercator) + ST_XMax(mercator)) / 2 AS x, (ST_YMin(mercator) + ST_YMax(mercator)) / 2 AS y
    FROM cim.body
    WHERE record_to IS NULL AND role <> 1 AND cim.holds(valid_from, valid_to, now()) AND mercator && %(near)s::geometry
    ORDER BY building_id, lod DESC, id
), large AS MATERIALIZED (  -- `cosh` is how much longer the map is at y than the ground
    SELECT state FROM present WHERE area * cosh(y / 6378137) ^ 2 >= 16 * %(pixel)s::float8 ^ 2
    ORDER BY area DESC, state LIMIT %(most)s::integer
), merged AS (
    SELECT floor((x - %(west)s::float8) / %(square)s::float8) * %(square)s::float8 + %(west)s::float8 AS west,
           floor((y - %(south)s::float8) / %(square)s::float8) * %(square)s::float8 + %(south)s::float8 AS south,
           count(*) AS count, sum(area) AS area, sum(area * height_m) / sum(area) AS height_m,
           bool_or(is_synthetic) AS is_synthetic, sum(area * x) / sum(area) AS x, sum(area * y) / sum(area) AS y
    FROM present
    WHERE x >= %(west)s::float8 AND x < %(east)s::float8 AND y >= %(south)s::float8 AND y < %(north)s::float8
      AND state NOT IN (SELECT state FROM large)
    GROUP BY 1, 2
), squares AS (  -- half a side; less than a pixel would be lost between the tile's units
    SELECT *, greatest(least(sqrt(area) * cosh(y / 6378137), %(square)s::float8), %(pixel)s::float8) / 2 AS half
    FROM merged ORDER BY south, west
), placed AS (
    SELECT *, greatest(west + half, least(x, west + %(square)s::float8 - half)) AS middle_x,
           greatest(south + half, least(y, south + %(square)s::float8 - half)) AS middle_y
    FROM squares
)
SELECT ST_AsMVT(t, 'buildings', 4096, 'shape', 'feature') FROM (
    SELECT ST_AsMVTGeom(ST_MakeEnvelope(middle_x - half, middle_y - half, middle_x + half, middle_y + half, 3857),
                        %(box)s::box2d, 4096, 64, true) AS shape,
           NULL::bigint AS feature, NULL::bigint AS id, count, round(area)::bigint AS area_m2,
           round(height_m::numeric, 1)::float8 AS height_m, NULL::text AS name, NULL::text AS use, NULL::integer AS storeys,
           NULL::text AS cim_level, NULL::real AS lod, NULL::text AS source, NULL::real AS accuracy_m, is_synthetic
    FROM placed
    UNION ALL
    SELECT ST_AsMVTGeom(ST_Simplify(b.mercator, %(pixel)s::float8 / 2, true), %(box)s::box2d, 4096, 64, true),
           b.building_id, b.building_id, 1, round(ST_Area(b.footprint))::bigint, b.height_m, b.name,
           (%(uses)s::text[])[b.use + 1], b.storeys, 'L' || b.cim_level, b.lod, b.source, b.accuracy_m, b.is_synthetic
    FROM (SELECT * FROM large JOIN cim.body ON id = state ORDER BY building_id) b
) t WHERE shape IS NOT NULL
