-- End the record of each state that is no longer held to be so. One that a later slice merely follows stays as it is.
UPDATE cim.body h SET record_to = :stamp FROM delivery d
WHERE d.held_id = h.id AND d.fate IN ('changed', 'moved', 'ended', 'overtaken')
  AND NOT (d.since IS NOT NULL AND d.held_to IS NOT NULL AND d.since >= d.held_to)
