-- Every current body that no dataset but the derived one gives a measured height: the telling that wins the ties, by
-- building and level of detail. Footprints come as the store holds them (EWKB).
SELECT DISTINCT ON (b.building_id, b.lod)
       b.building_id, b.lod, b.cim_level, ST_AsBinary(b.footprint) AS footprint, b.roof_form, b.base_m, b.eaves_m,
       b.is_synthetic
FROM cim.body b JOIN cim.dataset d ON d.id = b.dataset_id
WHERE b.record_to IS NULL AND b.role <> 2 AND d.name <> :derived AND cim.holds(b.valid_from, b.valid_to, now())
  AND NOT EXISTS (
    SELECT FROM cim.body o JOIN cim.dataset e ON e.id = o.dataset_id
    WHERE o.building_id = b.building_id AND o.lod = b.lod AND o.record_to IS NULL AND o.role <> 2
      AND o.height_basis = 'source' AND e.name <> :derived)
ORDER BY b.building_id, b.lod, b.is_synthetic, b.dataset_id, b.id
