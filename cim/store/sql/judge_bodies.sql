-- What a delivery means for each body: compared with the latest slice of its life that this dataset has told of.
INSERT INTO delivery (source_row, object_id, lod, held_id, held_from, held_to, since, fate)
WITH held AS (
    SELECT DISTINCT ON (building_id, lod) * FROM cim.body
    WHERE dataset_id = :dataset_id AND role <> 2 AND record_to IS NULL
    ORDER BY building_id, lod, valid_to DESC NULLS FIRST
), known AS (
    SELECT id AS object_id, source_key FROM cim.object WHERE dataset_id = :dataset_id
    UNION ALL SELECT object_id, source_key FROM cim.object_alias WHERE dataset_id = :dataset_id
)
SELECT s.source_row, k.object_id, s.lod, h.id, h.valid_from, h.valid_to, coalesce(s.valid_from, :since),
       CASE WHEN h.id IS NULL THEN 'added'
            WHEN s.geom::bytea <> h.footprint::bytea THEN 'moved'
            WHEN (s.name, s.address, s.use, s.roof_form, s.storeys, s.year, s.height_m, s.height_basis, s.eaves_m,
                  s.base_m, s.cim_level, s.properties, s.source, s.survey_date, s.accuracy_m, s.is_synthetic,
                  s.valid_to, coalesce(s.valid_from, h.valid_from), s.surfaces::bytea, s.semantics, s.structure, s.appearance)
                 IS DISTINCT FROM
                 (h.name, h.address, h.use, h.roof_form, h.storeys, h.year, h.height_m, h.height_basis, h.eaves_m,
                  h.base_m, h.cim_level, h.properties, h.source, h.survey_date, h.accuracy_m, h.is_synthetic,
                  h.valid_to, h.valid_from, h.geom::bytea, h.semantics, h.structure, h.appearance) THEN 'changed'
            ELSE 'unchanged' END
FROM staging s JOIN known k USING (source_key)
LEFT JOIN held h ON h.building_id = k.object_id AND h.lod = s.lod
