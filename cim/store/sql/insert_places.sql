-- The names and addresses of a dataset's records, as people look for them; one place an object.
INSERT INTO cim.place (
    object_id, dataset_id, layer, kind, name, address, division, folded_name, search, pinyin, initials, rank, geom)
SELECT DISTINCT ON (d.object_id) d.object_id, :dataset_id, :layer, p.kind, p.name, p.address, p.division, p.folded_name,
       p.search, p.pinyin, p.initials, p.rank, ST_PointOnSurface(s.geom)
FROM spelling p
JOIN staging s USING (source_row)
JOIN delivery d USING (source_row)
WHERE s.geom IS NOT NULL
ORDER BY d.object_id, s.source_row
