-- The building that each address of `addressed` stands in, else the nearest one within reach; equals go by the lower id.
-- spared: single points are tied elsewhere.
INSERT INTO cim.address_link (address_id, building_id, how, distance_m)
SELECT a.object_id, b.building_id, CASE WHEN b.distance_m = 0 THEN 'inside' ELSE 'near' END,
       round(b.distance_m::numeric, 3)
FROM addressed t
JOIN cim.current_feature a ON a.layer = 'addresses' AND a.object_id = t.address_id
 AND NOT (:spared AND GeometryType(a.geom) = 'POINT')
CROSS JOIN LATERAL (
    SELECT c.building_id, ST_Distance(c.footprint, a.geom) AS distance_m
    FROM cim.current_body c
    WHERE ST_DWithin(c.footprint, a.geom, :reach)
    ORDER BY 2, 1
    LIMIT 1
) b
