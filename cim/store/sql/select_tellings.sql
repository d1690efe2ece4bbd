-- Open states of every body that the delivery touched and that several datasets tell of, that was made of several, or that a
-- derived record (tells_of) speaks of; and of the coarser bodies of these buildings that other datasets tell of: what is known
-- of them alone, the finer one takes over. lod: of the body that is to be settled; told_lod: of the state.
WITH touched AS (
    SELECT object_id, lod, max(since) AS since FROM delivery WHERE fate <> 'unchanged' GROUP BY object_id, lod
), reached AS (
    SELECT object_id, lod, max(since) AS since FROM (
        SELECT object_id, lod, since FROM touched
        UNION ALL
        SELECT DISTINCT t.object_id, b.lod, t.since FROM touched t
        JOIN cim.body b ON b.building_id = t.object_id AND b.lod > t.lod AND b.record_to IS NULL
    ) every GROUP BY object_id, lod
), shared AS (
    SELECT t.object_id, t.lod, t.since
    FROM reached t JOIN cim.body b ON b.building_id = t.object_id AND b.lod <= t.lod AND b.record_to IS NULL
    GROUP BY t.object_id, t.lod, t.since
    HAVING bool_or(b.lod = t.lod)
        AND (bool_or((b.role > 0 OR b.properties ? 'tells_of') AND b.lod = t.lod)
             OR count(DISTINCT b.dataset_id) FILTER (WHERE b.valid_to IS NULL) > 1)
)
SELECT b.id, b.building_id, s.lod, b.lod AS told_lod, b.role, b.cim_level, b.dataset_id, d.name AS dataset, d.priority,
       b.version_id, b.source_row,
       b.name, b.address, b.use, b.roof_form, b.storeys, b.year, b.height_m, b.height_basis, b.eaves_m, b.base_m,
       ST_AsBinary(b.footprint) AS shape, b.properties, b.source, b.survey_date, b.accuracy_m, b.is_synthetic, b.decisions,
       CASE WHEN b.lod = s.lod THEN ST_AsBinary(b.geom) END AS geom, b.semantics, b.structure, b.appearance,
       b.valid_from, b.record_from, s.since
FROM shared s
JOIN cim.body b ON b.building_id = s.object_id AND (b.lod = s.lod OR b.lod < s.lod AND b.role <> 2)
    AND b.record_to IS NULL AND b.valid_to IS NULL
JOIN cim.dataset d ON d.id = b.dataset_id
ORDER BY b.building_id, s.lod, b.role, d.id, b.lod DESC
