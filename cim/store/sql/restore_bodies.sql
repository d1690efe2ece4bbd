-- Begin again the states of a dataset that a moment knew and that have ended since.
INSERT INTO cim.body (
    building_id, lod, cim_level, dataset_id, version_id, source_row, name, address, use, roof_form, storeys, year,
    height_m, height_basis, eaves_m, base_m, footprint, geom, semantics, structure, appearance, properties, source, survey_date,
    accuracy_m, is_synthetic, cell, role, decisions, valid_from, valid_to, record_from)
SELECT building_id, lod, cim_level, dataset_id, version_id, source_row, name, address, use, roof_form, storeys, year,
    height_m, height_basis, eaves_m, base_m, footprint, geom, semantics, structure, appearance, properties, source, survey_date,
    accuracy_m, is_synthetic, cell, role, decisions, valid_from, valid_to, :stamp
FROM cim.body
WHERE dataset_id = :dataset_id AND role <> 2 AND record_from <= :then AND record_to > :then
ORDER BY cell, building_id
