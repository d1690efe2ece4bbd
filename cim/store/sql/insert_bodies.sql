-- Staged bodies without a current state begin one, in the order of the tile grid so that a tile's rows lie together.
INSERT INTO cim.body (
    building_id, lod, cim_level, dataset_id, version_id, source_row, name, address, use, roof_form, storeys, year,
    height_m, height_basis, eaves_m, base_m, footprint, properties, source, survey_date, accuracy_m, is_synthetic, cell,
    record_from)
SELECT o.id, s.lod, s.cim_level, :dataset_id, :version_id, s.source_row, s.name, s.address, s.use, s.roof_form, s.storeys,
       s.year, s.height_m, s.height_basis, s.eaves_m, s.base_m, s.geom, s.properties, s.source, s.survey_date,
       s.accuracy_m, s.is_synthetic, s.cell, now()
FROM staging s JOIN cim.object o ON o.dataset_id = :dataset_id AND o.source_key = s.source_key
WHERE NOT EXISTS (
    SELECT FROM cim.body b WHERE b.building_id = o.id AND b.lod = s.lod AND b.record_to IS NULL)
ORDER BY s.cell, o.id
