-- Staged records whose key names an object of the dataset that is open now.
SELECT s.source_row FROM staging s
WHERE EXISTS (
    SELECT FROM (
        SELECT id AS object_id FROM cim.object WHERE dataset_id = :dataset_id AND source_key = s.source_key
        UNION ALL
        SELECT object_id FROM cim.object_alias WHERE dataset_id = :dataset_id AND source_key = s.source_key
    ) k
    WHERE EXISTS (
            SELECT FROM cim.body b
            WHERE b.building_id = k.object_id AND b.dataset_id = :dataset_id AND b.record_to IS NULL AND b.valid_to IS NULL)
       OR EXISTS (
            SELECT FROM cim.feature f WHERE f.object_id = k.object_id AND f.record_to IS NULL AND f.valid_to IS NULL)
)
ORDER BY s.source_row
