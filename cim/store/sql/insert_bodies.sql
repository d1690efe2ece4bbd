-- The delivered states begin, in the order of the tile grid so that a tile's rows lie together. A correction holds for the
-- time that the corrected state was held for; one that ended before then began nobody knows when.
INSERT INTO cim.body (
    building_id, lod, cim_level, dataset_id, version_id, source_row, name, address, use, roof_form, storeys, year,
    height_m, height_basis, eaves_m, base_m, footprint, geom, semantics, structure, appearance, properties, source, survey_date, accuracy_m, is_synthetic, cell,
    valid_from, valid_to, record_from)
SELECT d.object_id, s.lod, s.cim_level, :dataset_id, :version_id, s.source_row, s.name, s.address, s.use, s.roof_form,
       s.storeys, s.year, s.height_m, s.height_basis, s.eaves_m, s.base_m, s.geom, s.surfaces, s.semantics, s.structure, s.appearance,
       s.properties, s.source, s.survey_date,
       s.accuracy_m, s.is_synthetic, s.cell,
       CASE WHEN s.valid_to <= coalesce(d.since, d.held_from) THEN NULL ELSE coalesce(d.since, d.held_from) END,
       s.valid_to, :stamp
FROM delivery d JOIN staging s USING (source_row)
WHERE d.fate IN ('added', 'changed', 'moved')
ORDER BY s.cell, d.object_id
