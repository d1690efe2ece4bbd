-- What changed in the world on a day was so until that day: the closed states' copies, ending then.
INSERT INTO cim.feature (
    object_id, layer, dataset_id, version_id, source_row, name, properties, geom, raised, source, survey_date, accuracy_m,
    is_synthetic, cell, valid_from, valid_to, record_from)
SELECT h.object_id, h.layer, h.dataset_id, h.version_id, h.source_row, h.name, h.properties, h.geom, h.raised, h.source,
       h.survey_date, h.accuracy_m, h.is_synthetic, h.cell, h.valid_from, d.since, :stamp
FROM delivery d JOIN cim.feature h ON h.id = d.held_id
WHERE d.fate IN ('changed', 'moved', 'ended', 'overtaken') AND d.since > coalesce(d.held_from, '-infinity')
  AND (d.held_to IS NULL OR d.since < d.held_to)
