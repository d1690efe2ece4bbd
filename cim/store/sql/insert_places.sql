-- The names and addresses of a dataset's current features, as people look for them. `spelling` holds one row a source key.
INSERT INTO cim.place (
    object_id, dataset_id, layer, kind, name, address, division, folded_name, search, pinyin, initials, rank, geom)
SELECT o.id, :dataset_id, :layer, p.kind, p.name, p.address, p.division, p.folded_name, p.search, p.pinyin, p.initials, p.rank,
       ST_PointOnSurface(s.geom)
FROM spelling p
JOIN staging s USING (source_key)
JOIN cim.object o ON o.dataset_id = :dataset_id AND o.source_key = p.source_key
ORDER BY s.source_row
