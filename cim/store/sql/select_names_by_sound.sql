-- select_names_by_sound
-- Names that a piece in Latin letters may mean: by the beginning of their pinyin, their initials, their likeness in pinyin.
WITH near AS (
    (SELECT n.*, 'pinyin' AS how, 0.0 AS likeness FROM cim.place_name n
     WHERE n.pinyin LIKE :starts AND n.pinyin <> :sound ORDER BY n.rank, length(n.pinyin), n.spelling LIMIT :most)
    UNION ALL
    (SELECT n.*, 'initials', 1.0 FROM cim.place_name n
     WHERE :is_latin AND n.initials = :piece ORDER BY n.rank, length(n.spelling), n.spelling LIMIT 4 * :most)
    UNION ALL
    (SELECT n.*, 'initials', 0.5 FROM cim.place_name n
     WHERE :is_latin AND n.initials LIKE :starts AND n.initials <> :piece
     ORDER BY n.rank, length(n.initials), n.spelling LIMIT :most)
), likely AS (
    SELECT n.*, 'likeness' AS how, similarity(n.pinyin, :sound) AS likeness FROM cim.place_name n
    WHERE NOT EXISTS (SELECT FROM near) AND length(:sound) >= 6 AND lower(n.pinyin) % :sound
    ORDER BY likeness DESC, n.rank, n.spelling LIMIT :most
)
SELECT spelling, folded, is_short, roles, rank, pinyin, how, likeness FROM near
UNION ALL SELECT spelling, folded, is_short, roles, rank, pinyin, how, likeness FROM likely
