-- The keys of records that name a building are that building's.
INSERT INTO cim.object_alias (dataset_id, source_key, object_id, score, why, version_id)
SELECT DISTINCT CAST(:dataset_id AS bigint), s.source_key, s.building, CAST(1 AS real), 'named by its id', CAST(:version_id AS bigint)
FROM staging s WHERE s.building IS NOT NULL
ON CONFLICT (dataset_id, source_key) DO NOTHING
