-- The cells of the buildings of which another body is shown at one moment than at another one. `known` NULL: by what is held
-- now. Bodies of other levels of detail are shown or hidden with it, wherever they have been.
SELECT DISTINCT s.cell FROM (
    SELECT DISTINCT building_id FROM cim.body
    WHERE role <> 1
  AND (cim.holds(valid_from, valid_to, CAST(:at AS timestamptz))
       AND CASE WHEN CAST(:known AS timestamptz) IS NULL THEN record_to IS NULL
                ELSE record_from <= :known AND (record_to IS NULL OR record_to > :known) END)
   <> (cim.holds(valid_from, valid_to, CAST(:other_at AS timestamptz))
       AND CASE WHEN CAST(:other_known AS timestamptz) IS NULL THEN record_to IS NULL
                ELSE record_from <= :other_known AND (record_to IS NULL OR record_to > :other_known) END)
) differing JOIN cim.body s USING (building_id)
WHERE s.role <> 1
ORDER BY s.cell
