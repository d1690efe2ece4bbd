-- select_places_of_addresses
-- Streets and quarters that no record of their own tells of: by county, how many addresses carry the name, and their middle.
SELECT a.asking, NULL AS id, 'addresses' AS layer, a.sort AS kind, NULL AS address, p.county AS division,
       coalesce(told.name, a.name) AS name, a.name AS folded_name,
       CASE WHEN a.sort = 'street' THEN a.name ELSE '' END AS street,
       CASE WHEN a.sort = 'quarter' THEN a.name ELSE '' END AS quarter,
       '' AS community, '' AS number, '' AS building, '' AS unit, '' AS room, 1 AS rank, CAST('{}' AS text[]) AS successors,
       p.addresses, ST_X(ST_Transform(p.middle, 4326)) AS lon, ST_Y(ST_Transform(p.middle, 4326)) AS lat
FROM ROWS FROM (
    unnest(CAST(:askings AS int[])), unnest(CAST(:names AS text[])), unnest(CAST(:sorts AS text[])),
    unnest(CAST(:areas AS text[]))
) AS a (asking, name, sort, areas)
CROSS JOIN LATERAL (
    SELECT left(q.division, 6) AS county, count(*) AS addresses, min(q.object_id) AS one,
           ST_SetSRID(ST_MakePoint(percentile_cont(0.5) WITHIN GROUP (ORDER BY ST_X(q.geom)),
                                   percentile_cont(0.5) WITHIN GROUP (ORDER BY ST_Y(q.geom))), min(ST_SRID(q.geom))) AS middle
    FROM (
        SELECT object_id, division, geom FROM cim.place WHERE a.sort = 'street' AND street = a.name AND street <> ''
        UNION ALL
        SELECT object_id, division, geom FROM cim.place WHERE a.sort = 'quarter' AND quarter = a.name AND quarter <> ''
    ) q
    WHERE a.areas IS NULL OR q.division IS NULL OR q.division LIKE ANY(string_to_array(a.areas, '|'))
    GROUP BY 1
) p
LEFT JOIN LATERAL (
    SELECT f.properties ->> a.sort AS name FROM cim.feature f WHERE f.object_id = p.one AND f.record_to IS NULL LIMIT 1
) told ON true
WHERE NOT EXISTS (SELECT FROM cim.place r WHERE r.folded_name = a.name AND r.folded_name <> '' AND r.rank < 2)
ORDER BY a.asking, p.addresses DESC, p.county
