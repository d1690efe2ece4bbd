-- A dataset and its card. The moment a due date is first read counts: what is delivered later settles it.
INSERT INTO cim.dataset AS d (name, layer, data_class, title, stage, owner, licence, due, due_every_days, priority)
VALUES (:name, :layer, :data_class, :title, :stage, :owner, :licence, CAST(:due AS date), :due_every_days, :priority)
ON CONFLICT (name) DO UPDATE SET
    layer = excluded.layer, data_class = excluded.data_class, title = excluded.title, stage = excluded.stage,
    owner = excluded.owner, licence = excluded.licence, due_every_days = excluded.due_every_days,
    priority = excluded.priority, due = excluded.due,
    due_set_at = CASE WHEN excluded.due IS DISTINCT FROM d.due THEN NULL ELSE d.due_set_at END
RETURNING id
