-- Begin again the states of a dataset that a moment knew and that have ended since.
INSERT INTO cim.feature (
    object_id, layer, dataset_id, version_id, source_row, name, properties, geom, raised, source, survey_date, accuracy_m,
    is_synthetic, cell, valid_from, valid_to, record_from)
SELECT object_id, layer, dataset_id, version_id, source_row, name, properties, geom, raised, source, survey_date, accuracy_m,
    is_synthetic, cell, valid_from, valid_to, :stamp
FROM cim.feature
WHERE dataset_id = :dataset_id AND record_from <= :then AND record_to > :then
ORDER BY cell, object_id
