-- Names and addresses of a dataset's current records at the places where these lie now.
WITH known AS (
    SELECT id AS object_id, source_key FROM cim.object WHERE dataset_id = :dataset_id
    UNION ALL SELECT object_id, source_key FROM cim.object_alias WHERE dataset_id = :dataset_id
), lying AS (
    SELECT building_id AS object_id, footprint AS geom FROM cim.body
    WHERE dataset_id = :dataset_id AND role <> 2 AND record_to IS NULL AND cim.holds(valid_from, valid_to, now())
    UNION ALL SELECT object_id, geom FROM cim.current_feature WHERE dataset_id = :dataset_id
)
SELECT DISTINCT ON (k.object_id) k.object_id, :dataset_id, :layer, p.kind, p.name, p.address, p.division, p.folded_name,
       p.street, p.quarter, p.community, p.number, p.building, p.unit, p.room, p.number_value, p.building_value, p.depth,
       p.rank, p.successors, ST_PointOnSurface(l.geom)
FROM spelling p JOIN known k ON k.source_key = p.source_key JOIN lying l ON l.object_id = k.object_id
WHERE l.geom IS NOT NULL OR :layer = 'division_codes'
ORDER BY k.object_id
