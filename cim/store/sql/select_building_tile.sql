-- Buildings of a vector tile as they are, the finest level of each that reaches into the tile, ascending id.
-- (psycopg's placeholders: run as a prepared statement with a generic plan.)
SELECT ST_AsMVT(t, 'buildings', 4096, 'shape', 'feature') FROM (
    SELECT ST_AsMVTGeom(b.mercator, %(box)s::box2d, 4096, 64, true) AS shape, b.building_id AS feature, b.building_id AS id,
           b.name, (%(uses)s::text[])[b.use + 1] AS use, b.height_m, b.height_basis, b.eaves_m, b.storeys,
           (%(roof_forms)s::text[])[b.roof_form + 1] AS roof_form, b.year, 'L' || b.cim_level AS cim_level, b.lod,
           b.source, b.accuracy_m, b.is_synthetic
    FROM (
        SELECT DISTINCT ON (building_id) * FROM cim.body
        WHERE record_to IS NULL AND role <> 1 AND cim.holds(valid_from, valid_to, now()) AND mercator && %(near)s::geometry
        ORDER BY building_id, lod DESC, id
    ) b
) t WHERE shape IS NOT NULL
