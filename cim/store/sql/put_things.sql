-- Things by their code, each with one datastream. A vehicle's position is left where its last fix put it.
WITH given AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        code text, name text, kind text, building_id bigint, source text, is_synthetic boolean, properties jsonb,
        x float8, y float8, property text, unit_name text, unit_symbol text, period_s float8, thresholds jsonb)
), put AS (
    INSERT INTO cim.thing AS t (code, name, kind, building_id, geom, source, is_synthetic, properties)
    SELECT code, name, kind, building_id, ST_SetSRID(ST_MakePoint(x, y), :srid), source, is_synthetic, properties
    FROM given ORDER BY code
    ON CONFLICT (code) DO UPDATE SET
        name = excluded.name, kind = excluded.kind,
        building_id = coalesce(excluded.building_id, t.building_id),
        geom = CASE WHEN excluded.kind = 'vehicle' THEN coalesce(t.geom, excluded.geom) ELSE excluded.geom END,
        source = excluded.source, is_synthetic = excluded.is_synthetic, properties = excluded.properties
    RETURNING id, code
), stream AS (
    INSERT INTO cim.datastream AS d (thing_id, property, unit_name, unit_symbol, period_s, thresholds)
    SELECT put.id, g.property, g.unit_name, g.unit_symbol, g.period_s, g.thresholds
    FROM given g JOIN put USING (code) ORDER BY put.id
    ON CONFLICT (thing_id, property) DO UPDATE SET
        unit_name = excluded.unit_name, unit_symbol = excluded.unit_symbol,
        period_s = excluded.period_s, thresholds = excluded.thresholds
    RETURNING thing_id
)
SELECT put.code, put.id FROM put JOIN stream ON stream.thing_id = put.id ORDER BY put.code
