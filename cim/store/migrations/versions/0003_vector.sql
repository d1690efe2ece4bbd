-- Vector tiles: every shape in web Mercator (EPSG:3857) beside its shape in the city frame, and how far each change reaches
-- there. The database computes the column, so that it is right whoever writes the row, and however.

ALTER TABLE cim.body
    ADD COLUMN mercator geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(footprint, 3857)) STORED;
ALTER TABLE cim.feature
    ADD COLUMN mercator geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;

CREATE INDEX body_current_mercator ON cim.body USING gist (mercator) WHERE record_to IS NULL;
CREATE INDEX feature_current_mercator ON cim.feature USING gist (layer, mercator) WHERE record_to IS NULL;

-- States that begin or end on a day to come leave no change key on that day: these find them when it has come.
CREATE INDEX body_begins ON cim.body (valid_from) WHERE record_to IS NULL AND valid_from IS NOT NULL;
CREATE INDEX body_ends ON cim.body (valid_to) WHERE record_to IS NULL AND valid_to IS NOT NULL;
CREATE INDEX feature_begins ON cim.feature (valid_from) WHERE record_to IS NULL AND valid_from IS NOT NULL;
CREATE INDEX feature_ends ON cim.feature (valid_to) WHERE record_to IS NULL AND valid_to IS NOT NULL;

CREATE OR REPLACE VIEW cim.current_body AS
    SELECT * FROM cim.body WHERE record_to IS NULL AND role <> 1 AND cim.holds(valid_from, valid_to, now());
CREATE OR REPLACE VIEW cim.current_feature AS
    SELECT * FROM cim.feature WHERE record_to IS NULL AND cim.holds(valid_from, valid_to, now());

-- Change keys -------------------------------------------------------------------------------------------------------

ALTER TABLE cim.change ADD COLUMN reach double precision[];
COMMENT ON COLUMN cim.change.reach IS
    'the EPSG:3857 box round all that was touched, before and after: west, south, east, north; NULL: nothing has a place';

-- As before, with the reach. A building belongs to one cell, but its walls may stand in others.
CREATE OR REPLACE FUNCTION cim.note_change() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    stamp timestamptz := cim.record_time();
    rows text := CASE TG_OP WHEN 'INSERT' THEN 'SELECT * FROM fresh' WHEN 'DELETE' THEN 'SELECT * FROM stale'
                            ELSE 'SELECT * FROM fresh UNION ALL SELECT * FROM stale' END;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO cim.change (at, layer, operation, features) VALUES (stamp, TG_ARGV[2], 'truncate', '{}');
    ELSE
        EXECUTE format(
            'INSERT INTO cim.change (at, layer, operation, block, features, cells, reach)
             SELECT $1, layer, $2, block, objects, cells, CASE WHEN extent IS NOT NULL
                    THEN ARRAY[ST_XMin(extent), ST_YMin(extent), ST_XMax(extent), ST_YMax(extent)] END
             FROM (SELECT layer, block, array_agg(DISTINCT object) AS objects,
                          coalesce(array_agg(DISTINCT cell) FILTER (WHERE cell IS NOT NULL), ''{}'') AS cells,
                          ST_Extent(mercator) AS extent
                   FROM (SELECT %s AS layer, %I AS object, cell, cell >> 8 AS block, mercator FROM (%s) rows) touched
                   GROUP BY layer, block) squares
             ORDER BY layer, block',
            TG_ARGV[1], TG_ARGV[0], rows) USING stamp, lower(TG_OP);
    END IF;
    PERFORM pg_notify('cim_change', '');
    RETURN NULL;
END $$;
