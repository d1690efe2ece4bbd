-- Every state of an object, oldest first, with the version, file, checksum and row it came from.
SELECT d.name AS dataset, s.version_id AS version, v.mode, f.location, f.checksum,
       s.source_row - f.first_row + 1 AS source_row, lod, cim_level, role, decisions, s.valid_from, s.valid_to, s.record_from, s.record_to
FROM cim.body s
JOIN cim.dataset d ON d.id = s.dataset_id
JOIN cim.dataset_version v ON v.id = s.version_id
LEFT JOIN LATERAL (
    SELECT * FROM cim.source_file f WHERE f.version_id = s.version_id AND f.first_row <= s.source_row
    ORDER BY f.first_row DESC LIMIT 1) f ON true
WHERE s.building_id = :id
ORDER BY s.record_from, s.valid_from NULLS FIRST, s.id
