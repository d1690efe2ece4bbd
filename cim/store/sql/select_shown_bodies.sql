-- The bodies that are shown at a moment, by what the model held at another one, in the order of the tile grid: of each
-- building the finest. `is_repeated`: another body of the same building and level of detail goes before it.
-- Footprints come as the store holds them (EWKB). A range of cells is given, and a list of cells within it or NULL.
SELECT b.building_id, b.footprint, b.base_m, b.height_m, b.eaves_m, b.roof_form, b.use, b.cim_level, b.storeys,
       b.name, b.source, b.lod, b.is_synthetic, b.accuracy_m, b.cell, coalesce(o.lod = b.lod AND o.id < b.id, false),
       coalesce(b.year, 0::smallint), b.properties->'eaves_tiers', b.properties->'pitch_deg', b.properties->>'assembly',
       b.properties->'front_deg', b.geom, b.semantics, b.structure, b.appearance
FROM (
    SELECT * FROM cim.body
    WHERE record_to IS NULL AND role <> 1 AND cell >= %(low)s AND cell < %(high)s
      AND (%(cells)s::bigint[] IS NULL OR cell = ANY(%(cells)s::bigint[]))
      AND (%(known)s::timestamptz IS NULL OR record_from <= %(known)s::timestamptz)
      AND cim.holds(valid_from, valid_to, %(at)s::timestamptz)
    UNION ALL
    SELECT * FROM cim.body
    WHERE %(known)s::timestamptz IS NOT NULL AND record_to IS NOT NULL AND role <> 1
      AND cell >= %(low)s AND cell < %(high)s
      AND (%(cells)s::bigint[] IS NULL OR cell = ANY(%(cells)s::bigint[]))
      AND record_from <= %(known)s::timestamptz AND record_to > %(known)s::timestamptz
      AND cim.holds(valid_from, valid_to, %(at)s::timestamptz)
) b
LEFT JOIN LATERAL (
    SELECT f.id, f.lod FROM cim.body f
    WHERE f.building_id = b.building_id AND f.id <> b.id AND f.role <> 1
      AND CASE WHEN %(known)s::timestamptz IS NULL THEN f.record_to IS NULL
               ELSE f.record_from <= %(known)s::timestamptz AND (f.record_to IS NULL OR f.record_to > %(known)s::timestamptz) END
      AND cim.holds(f.valid_from, f.valid_to, %(at)s::timestamptz)
    ORDER BY f.lod DESC, f.id LIMIT 1
) o ON true
WHERE o.id IS NULL OR o.lod <= b.lod
ORDER BY b.cell, b.building_id, b.id
