-- select_similar_names
-- Names that a piece may mean which is spelled in Chinese, but not just so: by their beginning, a part, one or two wrong
-- letters, the sound; by the pairs of letters that they share only where these find nothing.
WITH near AS (
    (SELECT n.*, 'name_start' AS how, 0.0 AS likeness FROM cim.place_name n
     WHERE n.spelling LIKE :starts AND n.spelling <> :piece ORDER BY n.rank, length(n.spelling), n.spelling LIMIT :most)
    UNION ALL
    (SELECT n.*, 'part', 0.0 FROM cim.place_name n
     WHERE length(:piece) >= 2 AND n.keys @> CAST(:pairs AS text[]) AND n.spelling LIKE :holds
       AND n.spelling NOT LIKE :starts
     ORDER BY n.rank, length(n.spelling), n.spelling LIMIT :most)
    UNION ALL
    (SELECT n.*, 'typo', 0.0 FROM cim.place_name n
     WHERE n.keys && CAST(:gaps AS text[]) AND n.spelling <> :piece
     ORDER BY abs(length(n.spelling) - length(:piece)), n.rank, n.spelling LIMIT 8 * :most)
    UNION ALL
    (SELECT n.*, 'sounds_alike', 1.0 FROM cim.place_name n
     WHERE n.pinyin = :sound AND n.spelling <> :piece ORDER BY n.rank, n.spelling LIMIT :most)
), likely AS (
    SELECT n.*, 'likeness' AS how, shared.share AS likeness FROM cim.place_name n
    CROSS JOIN LATERAL (
        SELECT 1.0 * count(*) / cardinality(CAST(:pairs AS text[])) AS share FROM unnest(CAST(:pairs AS text[])) AS pair
        WHERE pair = ANY(n.keys)) shared
    WHERE NOT EXISTS (SELECT FROM near) AND length(:piece) >= 4 AND n.keys && CAST(:pairs AS text[])
      AND shared.share >= 0.5
    ORDER BY likeness DESC, n.rank, length(n.spelling), n.spelling LIMIT :most
)
SELECT spelling, folded, is_short, roles, rank, pinyin, how, likeness FROM near
UNION ALL SELECT spelling, folded, is_short, roles, rank, pinyin, how, likeness FROM likely
