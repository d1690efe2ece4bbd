-- Staged records in a box whose keys the dataset has never had; the finest where one key comes in several levels of detail.
SELECT DISTINCT ON (s.source_key) s.source_key AS key, s.source_row, s.cell, ST_AsBinary(s.geom) AS shape, s.name, s.address,
       s.height_m, s.height_basis, s.storeys, s.year
FROM staging s
WHERE s.geom && CAST(:box AS geometry)
  AND NOT EXISTS (SELECT FROM cim.object o WHERE o.dataset_id = :dataset_id AND o.source_key = s.source_key)
  AND NOT EXISTS (SELECT FROM cim.object_alias a WHERE a.dataset_id = :dataset_id AND a.source_key = s.source_key)
ORDER BY s.source_key, s.lod DESC
