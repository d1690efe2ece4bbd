-- select_nearest_numbers
-- For each of many numbers that do not exist the nearest ones of the street below and above it.
SELECT a.asking, a.street, p.number, p.number_value
FROM ROWS FROM (
    unnest(CAST(:askings AS int[])), unnest(CAST(:streets AS text[])), unnest(CAST(:numbers AS int[])),
    unnest(CAST(:areas AS text[]))
) AS a (asking, street, number, areas)
CROSS JOIN LATERAL (
    (SELECT number, number_value FROM cim.place p
     WHERE p.street = a.street AND p.street <> '' AND p.number_value BETWEEN 1 AND a.number - 1
       AND (a.areas IS NULL OR p.division IS NULL OR p.division LIKE ANY(string_to_array(a.areas, '|')))
     ORDER BY p.number_value DESC LIMIT 1)
    UNION ALL
    (SELECT number, number_value FROM cim.place p
     WHERE p.street = a.street AND p.street <> '' AND p.number_value > a.number
       AND (a.areas IS NULL OR p.division IS NULL OR p.division LIKE ANY(string_to_array(a.areas, '|')))
     ORDER BY p.number_value LIMIT 1)
) p
ORDER BY a.asking, p.number_value
