-- What a dataset's current records say that people look for, by the keys of their source.
WITH known AS (
    SELECT id AS object_id, source_key FROM cim.object WHERE dataset_id = :dataset_id
    UNION ALL SELECT object_id, source_key FROM cim.object_alias WHERE dataset_id = :dataset_id
)
SELECT k.source_key, b.name, b.address, b.properties
FROM known k JOIN cim.body b ON b.building_id = k.object_id
WHERE b.dataset_id = :dataset_id AND b.role <> 2 AND b.record_to IS NULL AND cim.holds(b.valid_from, b.valid_to, now())
UNION ALL
SELECT k.source_key, f.name, NULL, f.properties
FROM known k JOIN cim.current_feature f ON f.object_id = k.object_id
WHERE f.dataset_id = :dataset_id
ORDER BY source_key
