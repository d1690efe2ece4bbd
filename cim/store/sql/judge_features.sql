-- What a delivery means for each feature: compared with the latest slice of its life that the store knows.
INSERT INTO delivery (source_row, object_id, lod, held_id, held_from, held_to, since, fate)
WITH held AS (
    SELECT DISTINCT ON (object_id) * FROM cim.feature
    WHERE dataset_id = :dataset_id AND record_to IS NULL
    ORDER BY object_id, valid_to DESC NULLS FIRST
)
SELECT s.source_row, k.id, 0, h.id, h.valid_from, h.valid_to, coalesce(s.valid_from, :since),
       CASE WHEN h.id IS NULL THEN 'added'
            WHEN s.geom::bytea IS DISTINCT FROM h.geom::bytea OR s.raised::bytea IS DISTINCT FROM h.raised::bytea THEN 'moved'
            WHEN (s.name, s.properties, s.source, s.survey_date, s.accuracy_m, s.is_synthetic,
                  s.valid_to, coalesce(s.valid_from, h.valid_from))
                 IS DISTINCT FROM
                 (h.name, h.properties, h.source, h.survey_date, h.accuracy_m, h.is_synthetic,
                  h.valid_to, h.valid_from) THEN 'changed'
            ELSE 'unchanged' END
FROM staging s JOIN cim.object k ON k.dataset_id = :dataset_id AND k.source_key = s.source_key
LEFT JOIN held h ON h.object_id = k.id
