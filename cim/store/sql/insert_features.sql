-- Staged features without a current state begin one.
INSERT INTO cim.feature (
    object_id, layer, dataset_id, version_id, source_row, name, properties, geom, source, survey_date, accuracy_m,
    is_synthetic, cell, record_from)
SELECT o.id, :layer, :dataset_id, :version_id, s.source_row, s.name, s.properties, s.geom, s.source, s.survey_date,
       s.accuracy_m, s.is_synthetic, s.cell, now()
FROM staging s JOIN cim.object o ON o.dataset_id = :dataset_id AND o.source_key = s.source_key
WHERE NOT EXISTS (
    SELECT FROM cim.feature f WHERE f.layer = :layer AND f.object_id = o.id AND f.record_to IS NULL)
ORDER BY s.cell, o.id
