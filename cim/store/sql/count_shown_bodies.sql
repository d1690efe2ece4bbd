-- How many bodies are shown in each cell of a depth (keys shifted by 2 * depth) at a moment, ascending; coarser bodies of a
-- building that has finer ones are counted too.
SELECT cell >> %(shift)s AS key, count(*) AS number
FROM cim.body
WHERE role <> 1 AND cim.holds(valid_from, valid_to, %(at)s::timestamptz)
  AND CASE WHEN %(known)s::timestamptz IS NULL THEN record_to IS NULL
           ELSE record_from <= %(known)s::timestamptz AND (record_to IS NULL OR record_to > %(known)s::timestamptz) END
GROUP BY 1
ORDER BY 1
