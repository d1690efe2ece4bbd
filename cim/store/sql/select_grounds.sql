-- Streets, squares and water that reach into a box of the city frame now, ascending id.
SELECT object_id AS id, layer, coalesce(properties->>'class', properties->>'kind') AS kind, name, ST_AsBinary(geom) AS shape,
       properties->'width_m' AS width_m, source, is_synthetic, accuracy_m
FROM cim.current_feature
WHERE layer = ANY(CAST(:layers AS text[]))
  AND ST_Intersects(geom, ST_MakeEnvelope(:west, :south, :east, :north, CAST(:srid AS int)))
ORDER BY object_id
