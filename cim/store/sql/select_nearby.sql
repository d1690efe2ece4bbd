-- select_nearby
-- What lies nearest to a point, of each kind that is asked for, the kinds each through an index of their own.
WITH point AS (SELECT ST_SetSRID(ST_MakePoint(:x, :y), :srid) AS geom)
SELECT near.*, ST_X(ST_Transform(near.at, 4326)) AS lon, ST_Y(ST_Transform(near.at, 4326)) AS lat
FROM point CROSS JOIN LATERAL (
    (SELECT p.object_id AS id, p.layer, 'address' AS sort, p.kind, p.name, p.address, p.division, p.geom AS at,
            ST_Distance(p.geom, point.geom) AS distance_m
     FROM cim.place p
     WHERE 'address' = ANY(CAST(:kinds AS text[])) AND p.layer = 'addresses' AND ST_DWithin(p.geom, point.geom, :radius)
     ORDER BY p.geom <-> point.geom LIMIT :limit)
    UNION ALL
    (SELECT p.object_id, p.layer, 'place', p.kind, p.name, p.address, p.division, p.geom,
            ST_Distance(p.geom, point.geom)
     FROM cim.place p
     WHERE 'place' = ANY(CAST(:kinds AS text[])) AND p.layer <> 'addresses' AND p.layer IN ('landmarks', 'water')
       AND ST_DWithin(p.geom, point.geom, :radius)
     ORDER BY p.geom <-> point.geom LIMIT :limit)
    UNION ALL
    (SELECT b.building_id, 'buildings', 'building', 'building', b.name, b.address, NULL, ST_PointOnSurface(b.footprint),
            ST_Distance(b.footprint, point.geom)
     FROM cim.body b
     WHERE 'building' = ANY(CAST(:kinds AS text[])) AND b.record_to IS NULL AND b.role <> 1
       AND cim.holds(b.valid_from, b.valid_to, now()) AND ST_DWithin(b.footprint, point.geom, :radius)
     ORDER BY b.footprint <-> point.geom LIMIT :limit)
    UNION ALL
    (SELECT f.object_id, 'roads', 'street', 'road', f.name, NULL, NULL, ST_ClosestPoint(f.geom, point.geom),
            ST_Distance(f.geom, point.geom)
     FROM cim.feature f
     WHERE 'street' = ANY(CAST(:kinds AS text[])) AND f.record_to IS NULL AND f.layer = 'roads' AND f.name IS NOT NULL
       AND cim.holds(f.valid_from, f.valid_to, now()) AND ST_DWithin(f.geom, point.geom, :radius)
     ORDER BY f.geom <-> point.geom LIMIT 3 * :limit)
) near
ORDER BY near.distance_m, near.sort, near.id
