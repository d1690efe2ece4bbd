-- Older states under their new roles and times, aside until the old ones are closed: both at once would be one too many.
INSERT INTO switched (
    id, building_id, lod, cim_level, dataset_id, version_id, source_row, name, address, use, roof_form, storeys, year,
    height_m, height_basis, eaves_m, base_m, footprint, geom, semantics, structure, appearance, properties, source, survey_date,
    accuracy_m, is_synthetic, cell, role, decisions, valid_from, valid_to, record_from)
SELECT b.id, b.building_id, b.lod, b.cim_level, b.dataset_id, b.version_id, b.source_row, b.name, b.address, b.use, b.roof_form,
       b.storeys, b.year, b.height_m, b.height_basis, b.eaves_m, b.base_m, b.footprint, b.geom, b.semantics, b.structure, b.appearance,
       b.properties, b.source, b.survey_date, b.accuracy_m, b.is_synthetic, b.cell, g.role, b.decisions, g.begins, g.ends,
       :stamp
FROM unnest(
    CAST(:ids AS bigint[]), CAST(:roles AS smallint[]), CAST(:begins AS timestamptz[]), CAST(:ends AS timestamptz[])
) AS g (id, role, begins, ends)
JOIN cim.body b ON b.id = g.id AND b.record_from < :stamp
