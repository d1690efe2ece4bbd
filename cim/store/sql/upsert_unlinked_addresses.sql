-- Every address of `addressed`, and of `ambiguous`, that is tied to no building, with the reason; addresses that have gone
-- have none.
INSERT INTO cim.address_unlinked (address_id, why)
SELECT a.object_id,
       CASE WHEN a.object_id = ANY (CAST(:ambiguous AS bigint[])) THEN 'several_buildings_say_it'
            WHEN a.properties ? 'street' AND a.properties ? 'number' THEN 'no_building_says_it'
            ELSE 'no_street_or_number' END
FROM cim.current_feature a
WHERE a.layer = 'addresses'
  AND a.object_id IN (SELECT address_id FROM addressed UNION SELECT unnest(CAST(:ambiguous AS bigint[])))
  AND NOT EXISTS (SELECT FROM cim.address_link l WHERE l.address_id = a.object_id)
ON CONFLICT (address_id) DO UPDATE SET why = excluded.why
