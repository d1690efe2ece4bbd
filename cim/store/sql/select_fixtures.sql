-- The fixtures of some layers that stand in a box of the city frame (its south and west sides are in it), ascending id.
SELECT id, layer, kind, species, name, ST_X(at) AS x, ST_Y(at) AS y, height_m, crown_m, source, is_synthetic, accuracy_m
FROM (
    SELECT object_id AS id, layer, properties->>'kind' AS kind, properties->>'species' AS species, name,
           ST_PointOnSurface(geom) AS at, properties->'height_m' AS height_m,
           properties->'crown_m' AS crown_m, source, is_synthetic, accuracy_m
    FROM cim.current_feature
    WHERE layer = ANY(CAST(:layers AS text[])) AND NOT ST_IsEmpty(geom)
      AND geom && ST_MakeEnvelope(:west, :south, :east, :north, CAST(:srid AS int))
) points
WHERE ST_X(at) >= :west AND ST_X(at) < :east AND ST_Y(at) >= :south AND ST_Y(at) < :north
ORDER BY id
