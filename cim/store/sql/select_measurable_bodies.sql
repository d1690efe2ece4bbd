-- Every current building that not only the derived dataset tells of, with the footprint of its most detailed body: what
-- points over it are fitted to. Footprints come as WKB; base_m is NULL where nobody knows it.
SELECT DISTINCT ON (b.building_id)
       b.building_id, ST_AsBinary(b.footprint) AS footprint, b.base_m, b.is_synthetic
FROM cim.body b JOIN cim.dataset d ON d.id = b.dataset_id
WHERE b.record_to IS NULL AND b.role <> 2 AND d.name <> :derived AND cim.holds(b.valid_from, b.valid_to, now())
  AND NOT b.properties ? 'tells_of'
ORDER BY b.building_id, b.is_synthetic, b.lod DESC, b.dataset_id, b.id
