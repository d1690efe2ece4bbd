-- delete_place_names
-- Names that no place carries any more.
DELETE FROM cim.place_name n
WHERE NOT EXISTS (SELECT FROM cim.place p WHERE p.folded_name = n.folded AND p.folded_name <> '')
  AND NOT EXISTS (SELECT FROM cim.place p WHERE p.street = n.folded AND p.street <> '')
  AND NOT EXISTS (SELECT FROM cim.place p WHERE p.quarter = n.folded AND p.quarter <> '')
  AND NOT EXISTS (SELECT FROM cim.place p WHERE p.community = n.folded AND p.community <> '')
