-- Squares of the grid in which records with new keys lie on ground that another dataset's buildings stand on.
SELECT DISTINCT s.cell >> :shift AS block FROM staging s
WHERE NOT EXISTS (SELECT FROM cim.object o WHERE o.dataset_id = :dataset_id AND o.source_key = s.source_key)
  AND NOT EXISTS (SELECT FROM cim.object_alias a WHERE a.dataset_id = :dataset_id AND a.source_key = s.source_key)
  AND EXISTS (SELECT FROM cim.current_body b WHERE b.dataset_id <> :dataset_id AND b.footprint && s.geom)
ORDER BY block
