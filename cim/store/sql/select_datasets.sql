-- Datasets with their cards, when something was last delivered, and what is published.
SELECT d.id, d.name, d.title, d.layer, d.data_class, d.stage, d.owner, d.licence, d.due, d.due_every_days, d.due_set_at,
       d.created_at, d.priority, p.id AS published_version, p.accepted, p.rejected, p.survey_date, p.accuracy_m, p.checksum, p.location,
       p.report->'photo_offset' AS photo_offset,
       (SELECT max(v.published_at) FROM cim.dataset_version v
        WHERE v.dataset_id = d.id AND v.published_at IS NOT NULL AND v.mode NOT IN ('rollback', 'retry')) AS delivered_at,
       (SELECT count(*) FROM cim.dataset_version v WHERE v.dataset_id = d.id AND v.published_at IS NOT NULL) AS versions
FROM cim.dataset d
LEFT JOIN cim.dataset_version p ON p.dataset_id = d.id AND p.state = 'published'
ORDER BY d.id
