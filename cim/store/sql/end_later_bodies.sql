-- End the states of a dataset that a moment did not know.
UPDATE cim.body SET record_to = :stamp
WHERE dataset_id = :dataset_id AND role <> 2 AND record_to IS NULL AND record_from > :then
