-- Earlier slices of a life that reach beyond the day from which the delivery tells: they are so until that day only.
INSERT INTO delivery (object_id, lod, held_id, held_from, held_to, since, fate)
SELECT b.building_id, b.lod, b.id, b.valid_from, b.valid_to, d.since, 'overtaken'
FROM delivery d JOIN cim.body b ON b.lod = d.lod AND b.building_id = d.object_id AND b.dataset_id = :dataset_id
WHERE d.fate IN ('changed', 'moved', 'ended') AND d.since IS NOT NULL AND b.role <> 2 AND b.record_to IS NULL
  AND b.id <> d.held_id AND b.valid_to > d.since
