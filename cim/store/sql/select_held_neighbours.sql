-- Buildings of other datasets in a box that this dataset does not tell of yet and that no staged record names, each by its
-- finest body.
SELECT DISTINCT ON (b.building_id) b.building_id AS key, b.source_row, b.cell, ST_AsBinary(b.footprint) AS shape, b.name,
       b.address, b.height_m, b.height_basis, b.storeys, b.year
FROM cim.current_body b
WHERE b.footprint && CAST(:box AS geometry) AND b.dataset_id <> :dataset_id
  AND NOT EXISTS (
    SELECT FROM cim.body own
    WHERE own.building_id = b.building_id AND own.dataset_id = :dataset_id AND own.record_to IS NULL)
  AND NOT EXISTS (SELECT FROM staging s WHERE s.building = b.building_id)
ORDER BY b.building_id, b.lod DESC
