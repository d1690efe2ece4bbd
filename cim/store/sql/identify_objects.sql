-- Every staged key gets its object: the same one as in earlier deliveries of the dataset, else a new one, in row order.
-- A key that was found to be an object of another dataset has its alias instead.
INSERT INTO cim.object (dataset_id, source_key)
SELECT :dataset_id, s.source_key FROM staging s
WHERE NOT EXISTS (
    SELECT FROM cim.object_alias a WHERE a.dataset_id = :dataset_id AND a.source_key = s.source_key)
ORDER BY s.source_row
ON CONFLICT (dataset_id, source_key) DO NOTHING
