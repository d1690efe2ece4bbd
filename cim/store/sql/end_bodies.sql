-- End the dataset's current bodies that the delivery changes or no longer holds. One that comes again unchanged keeps its
-- row, so that only real changes end one state and begin another.
UPDATE cim.body b SET record_to = now()
WHERE b.dataset_id = :dataset_id AND b.record_to IS NULL AND NOT EXISTS (
    SELECT FROM staging s JOIN cim.object o ON o.dataset_id = :dataset_id AND o.source_key = s.source_key
    WHERE o.id = b.building_id AND s.lod = b.lod
      AND (s.name, s.address, s.use, s.roof_form, s.storeys, s.year, s.height_m, s.height_basis, s.eaves_m, s.base_m,
           s.cim_level, s.properties, s.source, s.survey_date, s.accuracy_m, s.is_synthetic, s.geom::bytea)
          IS NOT DISTINCT FROM
          (b.name, b.address, b.use, b.roof_form, b.storeys, b.year, b.height_m, b.height_basis, b.eaves_m, b.base_m,
           b.cim_level, b.properties, b.source, b.survey_date, b.accuracy_m, b.is_synthetic, b.footprint::bytea))
