-- insert_place_names
-- Spellings that are new, or that are more than they were.
INSERT INTO cim.place_name AS held (spelling, folded, is_short, roles, rank, pinyin, initials, keys)
SELECT spelling, folded, bool_and(is_short), bit_or(roles), min(rank), min(pinyin), min(initials), min(keys)
FROM fresh_name GROUP BY spelling, folded
ORDER BY spelling, folded
ON CONFLICT (spelling, folded) DO UPDATE
SET roles = held.roles | excluded.roles, rank = least(held.rank, excluded.rank), is_short = held.is_short AND excluded.is_short
WHERE held.roles <> (held.roles | excluded.roles) OR held.rank > excluded.rank
