-- select_told_places
-- The names and addresses of a delivery's records, as people look for them; one place an object. Only divisions may be without
-- a position: people look for them by name and code.
SELECT DISTINCT ON (d.object_id) d.object_id, :dataset_id, :layer, p.kind, p.name, p.address, p.division, p.folded_name,
       p.street, p.quarter, p.community, p.number, p.building, p.unit, p.room, p.number_value, p.building_value, p.depth,
       p.rank, p.successors, ST_PointOnSurface(s.geom)
FROM spelling p
JOIN staging s USING (source_row)
JOIN delivery d USING (source_row)
WHERE s.geom IS NOT NULL OR :layer = 'division_codes'
ORDER BY d.object_id, s.source_row
