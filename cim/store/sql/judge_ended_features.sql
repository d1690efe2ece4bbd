-- What a delivery names as gone, ends once: on the day it states, else on the delivery's, else now.
INSERT INTO delivery (source_row, object_id, lod, held_id, held_from, since, fate)
SELECT DISTINCT ON (h.id) s.source_row, h.object_id, 0, h.id, h.valid_from,
       coalesce(s.valid_to, s.valid_from, :since, CAST(:stamp AS timestamptz)), 'ended'
FROM staging s JOIN (
    SELECT id AS object_id, source_key FROM cim.object WHERE dataset_id = :dataset_id
    UNION ALL SELECT object_id, source_key FROM cim.object_alias WHERE dataset_id = :dataset_id
) k USING (source_key)
JOIN cim.feature h ON h.object_id = k.object_id AND h.dataset_id = :dataset_id AND h.record_to IS NULL AND h.valid_to IS NULL
ORDER BY h.id, s.source_row
