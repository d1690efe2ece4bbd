-- delete_changed_places
-- A dataset's places that are not told any more just so: all of them where the whole was delivered, else of what was delivered.
DELETE FROM cim.place p
WHERE p.dataset_id = :dataset_id AND (:whole OR p.object_id IN (SELECT object_id FROM delivery))
  AND NOT EXISTS (
    SELECT FROM told t
    WHERE t.object_id = p.object_id
      AND (t.layer, t.kind, t.name, t.address, t.division, t.folded_name, t.street, t.quarter, t.community, t.number,
           t.building, t.unit, t.room, t.rank, t.successors, ST_AsBinary(t.geom))
          IS NOT DISTINCT FROM
          (p.layer, p.kind, p.name, p.address, p.division, p.folded_name, p.street, p.quarter, p.community, p.number,
           p.building, p.unit, p.room, p.rank, p.successors, ST_AsBinary(p.geom)))
