-- Places whose name or address holds the query, resembles it, or is spelled so; the better the reason the higher.
SELECT p.object_id AS id, p.layer, p.kind, p.name, p.address, p.division,
       ST_X(ST_Transform(p.geom, 4326)) AS lon, ST_Y(ST_Transform(p.geom, 4326)) AS lat, hit.why, hit.score
FROM cim.place p
CROSS JOIN LATERAL (
    SELECT why, score FROM (VALUES
        ('name', CASE WHEN p.folded_name = :folded THEN 1.0 END),
        ('name_start', CASE WHEN p.folded_name LIKE :starts THEN 0.9 END),
        ('part', CASE WHEN p.search LIKE :holds THEN 0.75 END),
        ('pinyin', CASE WHEN :latin AND p.pinyin = :folded THEN 0.85 WHEN :latin AND p.pinyin LIKE :starts THEN 0.7 END),
        ('initials', CASE WHEN :latin AND p.initials = :folded THEN 0.65 WHEN :latin AND p.initials LIKE :starts THEN 0.5 END),
        ('similar', CASE WHEN :folded <% p.search THEN 0.6 * word_similarity(:folded, p.search) END)
    ) AS reasons (why, score)
    WHERE score IS NOT NULL ORDER BY score DESC LIMIT 1
) hit
WHERE p.search LIKE :holds OR :folded <% p.search
   OR (:latin AND (p.pinyin LIKE :starts OR p.initials LIKE :starts))
ORDER BY hit.score DESC, p.rank, length(p.search), p.id
LIMIT :limit
