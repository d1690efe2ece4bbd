-- End the dataset's current features that the delivery changes or no longer holds.
UPDATE cim.feature f SET record_to = now()
WHERE f.dataset_id = :dataset_id AND f.record_to IS NULL AND NOT EXISTS (
    SELECT FROM staging s JOIN cim.object o ON o.dataset_id = :dataset_id AND o.source_key = s.source_key
    WHERE o.id = f.object_id
      AND (s.name, s.properties, s.source, s.survey_date, s.accuracy_m, s.is_synthetic, s.geom::bytea)
          IS NOT DISTINCT FROM
          (f.name, f.properties, f.source, f.survey_date, f.accuracy_m, f.is_synthetic, f.geom::bytea))
