-- select_spellings
-- Names that are spelled just so, in Chinese or in pinyin. `sought` says which of the pieces it is.
SELECT n.spelling AS sought, false AS by_sound, n.spelling, n.folded, n.is_short, n.roles, n.rank, n.pinyin
FROM cim.place_name n WHERE n.spelling = ANY(CAST(:pieces AS text[]))
UNION ALL
SELECT n.pinyin, true, n.spelling, n.folded, n.is_short, n.roles, n.rank, n.pinyin
FROM cim.place_name n WHERE n.pinyin = ANY(CAST(:sounds AS text[]))
