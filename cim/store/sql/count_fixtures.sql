-- How many fixtures of some layers stand in each square of a side, now; a feature of several points stands at one of them.
SELECT floor(ST_X(at) / CAST(:side AS float8))::int AS across, floor(ST_Y(at) / CAST(:side AS float8))::int AS up,
       count(*) AS number
FROM (
    SELECT ST_PointOnSurface(geom) AS at FROM cim.current_feature
    WHERE layer = ANY(CAST(:layers AS text[])) AND NOT ST_IsEmpty(geom)
) points
GROUP BY 1, 2
ORDER BY 1, 2
