-- Addresses that a delivery of buildings concerns: tied to one of them, or near where one stands now.
INSERT INTO addressed
SELECT l.address_id FROM cim.address_link l WHERE l.building_id IN (SELECT object_id FROM delivery WHERE fate <> 'unchanged')
UNION
SELECT a.object_id
FROM (SELECT DISTINCT object_id FROM delivery WHERE fate NOT IN ('unchanged', 'ended', 'overtaken')) d
JOIN cim.current_body b ON b.building_id = d.object_id
JOIN cim.feature a ON a.record_to IS NULL AND a.layer = 'addresses' AND ST_DWithin(a.geom, b.footprint, :reach)
