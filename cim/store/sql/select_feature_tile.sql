-- Features of a layer in a vector tile as they are, ascending id. The braces: the layer's own columns, with their commas.
-- (psycopg's placeholders: run as a prepared statement with a generic plan.)
SELECT ST_AsMVT(t, %(layer)s, 4096, 'shape', 'feature') FROM (
    SELECT ST_AsMVTGeom(f.mercator, %(box)s::box2d, 4096, 64, true) AS shape, f.object_id AS feature, f.object_id AS id,
           {columns} f.source, f.accuracy_m, f.is_synthetic
    FROM (
        SELECT * FROM cim.feature
        WHERE record_to IS NULL AND layer = %(layer)s AND cim.holds(valid_from, valid_to, now())
          AND mercator && %(near)s::geometry
        ORDER BY object_id, id
    ) f
) t WHERE shape IS NOT NULL
