-- select_places
-- For each of many askings the places that carry its name, with its numbers where it has any. The ranges of values let one
-- index serve both; the order is the index's own. `areas`: what codes of divisions begin with, or are; NULL: anywhere.
SELECT a.asking, p.id AS place, p.object_id AS id, p.layer, p.kind, p.name, p.address, p.division, p.folded_name, p.street,
       p.quarter, p.community, p.number, p.building, p.unit, p.room, p.rank, p.successors,
       ST_X(ST_Transform(p.geom, 4326)) AS lon, ST_Y(ST_Transform(p.geom, 4326)) AS lat
FROM ROWS FROM (
    unnest(CAST(:askings AS int[])), unnest(CAST(:names AS text[])), unnest(CAST(:roles AS int[])),
    unnest(CAST(:areas AS text[])), unnest(CAST(:numbers_from AS int[])), unnest(CAST(:numbers_to AS int[])),
    unnest(CAST(:buildings_from AS int[])), unnest(CAST(:buildings_to AS int[])), unnest(CAST(:units AS text[])),
    unnest(CAST(:rooms AS text[])), unnest(CAST(:mosts AS int[])), unnest(CAST(:exact_numbers AS text[])),
    unnest(CAST(:exact_buildings AS text[]))
) AS a (asking, name, roles, areas, number_from, number_to, building_from, building_to, unit, room, most, exact_number,
        exact_building)
CROSS JOIN LATERAL (
    (SELECT * FROM cim.place p
     WHERE a.roles & 17 > 0 AND p.folded_name = a.name AND p.folded_name <> ''
       AND (a.areas IS NULL OR p.division IS NULL OR p.division LIKE ANY(string_to_array(a.areas, '|')))
     LIMIT a.most)
    UNION ALL
    (SELECT * FROM cim.place p
     WHERE a.roles & 2 > 0 AND p.street = a.name AND p.street <> ''
       AND p.number_value BETWEEN a.number_from AND a.number_to
       AND p.building_value BETWEEN a.building_from AND a.building_to
       AND (a.exact_number = '' OR p.number = a.exact_number) AND (a.exact_building = '' OR p.building = a.exact_building)
       AND (a.unit = '' OR p.unit = a.unit) AND (a.room = '' OR p.room = a.room)
       AND (a.areas IS NULL OR p.division IS NULL OR p.division LIKE ANY(string_to_array(a.areas, '|')))
     ORDER BY p.number_value, p.building_value, p.depth LIMIT a.most)
    UNION ALL
    (SELECT * FROM cim.place p
     WHERE a.roles & 4 > 0 AND p.quarter = a.name AND p.quarter <> ''
       AND p.building_value BETWEEN a.building_from AND a.building_to
       AND (a.exact_number = '' OR p.number = a.exact_number) AND (a.exact_building = '' OR p.building = a.exact_building)
       AND (a.unit = '' OR p.unit = a.unit) AND (a.room = '' OR p.room = a.room)
       AND (a.areas IS NULL OR p.division IS NULL OR p.division LIKE ANY(string_to_array(a.areas, '|')))
     ORDER BY p.building_value, p.depth LIMIT a.most)
    UNION ALL
    (SELECT * FROM cim.place p
     WHERE a.roles & 8 > 0 AND p.community = a.name AND p.community <> ''
       AND p.number_value BETWEEN a.number_from AND a.number_to
       AND p.building_value BETWEEN a.building_from AND a.building_to
       AND (a.exact_number = '' OR p.number = a.exact_number) AND (a.exact_building = '' OR p.building = a.exact_building)
       AND (a.unit = '' OR p.unit = a.unit) AND (a.room = '' OR p.room = a.room)
       AND (a.areas IS NULL OR p.division IS NULL OR p.division LIKE ANY(string_to_array(a.areas, '|')))
     ORDER BY p.number_value, p.building_value, p.depth LIMIT a.most)
) p
