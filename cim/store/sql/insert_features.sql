-- The delivered states begin. A correction holds for the time that the corrected state was held for;
-- one that ended before then began nobody knows when.
INSERT INTO cim.feature (
    object_id, layer, dataset_id, version_id, source_row, name, properties, geom, raised, source, survey_date, accuracy_m,
    is_synthetic, cell, valid_from, valid_to, record_from)
SELECT d.object_id, :layer, :dataset_id, :version_id, s.source_row, s.name, s.properties, s.geom, s.raised, s.source, s.survey_date,
       s.accuracy_m, s.is_synthetic, s.cell,
       CASE WHEN s.valid_to <= coalesce(d.since, d.held_from) THEN NULL ELSE coalesce(d.since, d.held_from) END,
       s.valid_to, :stamp
FROM delivery d JOIN staging s USING (source_row)
WHERE d.fate IN ('added', 'changed', 'moved')
ORDER BY s.cell, d.object_id
