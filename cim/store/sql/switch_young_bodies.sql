-- A state that began in this transaction was never seen under its first role: it simply takes the other.
UPDATE cim.body b SET role = g.role
FROM unnest(CAST(:ids AS bigint[]), CAST(:roles AS smallint[])) AS g (id, role)
WHERE b.id = g.id AND b.record_from = :stamp
