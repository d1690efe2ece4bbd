-- Every staged key gets its object: the same one as in earlier deliveries of the dataset, else a new one, in row order.
-- A key that was found to be an object of another dataset has its alias instead. Nobody else gives this dataset objects while
-- it is loaded; to insert without looking for a conflict at each row takes half the time.
INSERT INTO cim.object (dataset_id, source_key)
SELECT :dataset_id, s.source_key FROM (SELECT source_key, min(source_row) AS first_row FROM staging GROUP BY source_key) s
WHERE NOT EXISTS (SELECT FROM cim.object o WHERE o.dataset_id = :dataset_id AND o.source_key = s.source_key)
  AND NOT EXISTS (SELECT FROM cim.object_alias a WHERE a.dataset_id = :dataset_id AND a.source_key = s.source_key)
ORDER BY s.first_row
