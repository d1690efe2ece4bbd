-- What a delivery of the whole dataset does not hold any more, ends.
INSERT INTO delivery (object_id, lod, held_id, held_from, since, fate)
SELECT object_id, 0, id, valid_from, :since, 'ended' FROM cim.feature
WHERE dataset_id = :dataset_id AND record_to IS NULL AND valid_to IS NULL
  AND NOT EXISTS (SELECT FROM delivery d WHERE d.held_id = id)
