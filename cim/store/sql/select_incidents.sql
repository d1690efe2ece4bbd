-- Incidents with their place in lon/lat, newest first. The box is given in the city frame (index) and in degrees (exact).
SELECT * FROM (
    SELECT id, kind, title, description, severity, state, reported_by, is_synthetic, reported_at, updated_at,
           round(ST_X(ST_Transform(geom, 4490))::numeric, 7)::float8 AS lon,
           round(ST_Y(ST_Transform(geom, 4490))::numeric, 7)::float8 AS lat
    FROM cim.incident
    WHERE (CAST(:ids AS bigint[]) IS NULL OR id = ANY(CAST(:ids AS bigint[])))
      AND (CAST(:states AS text[]) IS NULL OR state = ANY(CAST(:states AS text[])))
      AND (CAST(:box AS geometry) IS NULL OR geom && CAST(:box AS geometry))
      AND (CAST(:before AS bigint) IS NULL OR id < :before)
) i
WHERE CAST(:west AS float8) IS NULL OR (lon BETWEEN :west AND :east AND lat BETWEEN :south AND :north)
ORDER BY id DESC
LIMIT :limit
