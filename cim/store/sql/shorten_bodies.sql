-- What changed in the world on a day was so until that day: the closed states' copies, ending then.
INSERT INTO cim.body (
    building_id, lod, cim_level, dataset_id, version_id, source_row, name, address, use, roof_form, storeys, year,
    height_m, height_basis, eaves_m, base_m, footprint, geom, semantics, structure, appearance, properties, source, survey_date,
    accuracy_m, is_synthetic, cell, role, decisions, valid_from, valid_to, record_from)
SELECT h.building_id, h.lod, h.cim_level, h.dataset_id, h.version_id, h.source_row, h.name, h.address, h.use, h.roof_form,
       h.storeys, h.year, h.height_m, h.height_basis, h.eaves_m, h.base_m, h.footprint, h.geom, h.semantics, h.structure, h.appearance,
       h.properties, h.source, h.survey_date, h.accuracy_m, h.is_synthetic, h.cell, h.role, h.decisions,
       h.valid_from, d.since, :stamp
FROM delivery d JOIN cim.body h ON h.id = d.held_id
WHERE d.fate IN ('changed', 'moved', 'ended', 'overtaken') AND d.since > coalesce(d.held_from, '-infinity')
  AND (d.held_to IS NULL OR d.since < d.held_to)
