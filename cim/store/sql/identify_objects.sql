-- Every staged key gets its object: the same one as in earlier deliveries of the dataset, else a new one, in row order.
INSERT INTO cim.object (dataset_id, source_key)
SELECT :dataset_id, source_key FROM staging ORDER BY source_row
ON CONFLICT (dataset_id, source_key) DO NOTHING
