-- The parts of assemblies as they were at a moment, by what the model held at another one: each part once, as it was told
-- first.
SELECT DISTINCT ON (f.properties->>'assembly', f.properties->>'part') f.properties
FROM cim.feature f
WHERE f.layer = 'assembly_parts'
  AND CASE WHEN %(known)s::timestamptz IS NULL THEN f.record_to IS NULL
           ELSE f.record_from <= %(known)s::timestamptz
                AND (f.record_to IS NULL OR f.record_to > %(known)s::timestamptz) END
  AND cim.holds(f.valid_from, f.valid_to, %(at)s::timestamptz)
ORDER BY f.properties->>'assembly', f.properties->>'part', f.object_id
