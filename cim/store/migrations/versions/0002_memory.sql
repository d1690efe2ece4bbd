-- The model's memory: valid time beside record time, several sources of one building, versions that can be taken back,
-- and what every commit touched.

-- Record time -------------------------------------------------------------------------------------------------------
-- One stamp a transaction, rising in the order of commits: whoever changes the model first takes the only row of this
-- table, and keeps it until its commit. A clock set back therefore cannot put a later state before an earlier one.

CREATE TABLE cim.clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last timestamptz NOT NULL
);
INSERT INTO cim.clock (last) VALUES (clock_timestamp());

CREATE FUNCTION cim.record_time() RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE stamp text := current_setting('cim.record_time', true);
BEGIN
    IF stamp IS NULL OR stamp = '' THEN
        UPDATE cim.clock SET last = greatest(clock_timestamp(), last + interval '1 microsecond') RETURNING last INTO stamp;
        PERFORM set_config('cim.record_time', stamp, true);
    END IF;
    RETURN stamp::timestamptz;
END $$;

-- Whether a state with this valid time holds at a moment; NULL ends are open.
CREATE FUNCTION cim.holds(valid_from timestamptz, valid_to timestamptz, moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (valid_from IS NULL OR valid_from <= moment) AND (valid_to IS NULL OR valid_to > moment) $$;

-- Catalogue ---------------------------------------------------------------------------------------------------------

ALTER TABLE cim.dataset
    ADD COLUMN title text,
    ADD COLUMN stage text NOT NULL DEFAULT '基础' CHECK (stage IN ('归集', '基础', '主题', '专题')),
    ADD COLUMN owner text,
    ADD COLUMN licence text,
    ADD COLUMN due date,                      -- as the city file states it
    ADD COLUMN due_every_days integer CHECK (due_every_days > 0),
    ADD COLUMN due_set_at timestamptz,        -- when this due date was first read
    ADD COLUMN priority integer NOT NULL DEFAULT 0;   -- place in the city file: the earlier wins among equals

ALTER TABLE cim.dataset_version
    ADD COLUMN mode text NOT NULL DEFAULT 'replace',
    ADD COLUMN valid_from timestamptz,        -- since when the world is as delivered; NULL: a correction
    ADD COLUMN survey_date date,
    ADD COLUMN accuracy_m real,
    ADD COLUMN published_at timestamptz,      -- the record time of its publication
    ADD COLUMN restores bigint REFERENCES cim.dataset_version (id),
    ADD COLUMN progress jsonb;                -- of a load under way: what is staged, for a run that goes on with it
UPDATE cim.dataset_version SET published_at = ended_at WHERE state IN ('published', 'superseded');

-- The files a version was read from; a record's file is the last one whose first_row does not lie behind its source_row.
CREATE TABLE cim.source_file (
    version_id bigint NOT NULL REFERENCES cim.dataset_version (id),
    first_row bigint NOT NULL,
    location text NOT NULL,
    checksum text NOT NULL,
    size_bytes bigint NOT NULL,
    PRIMARY KEY (version_id, first_row)
);
INSERT INTO cim.source_file SELECT id, 1, location, checksum, 0 FROM cim.dataset_version;

ALTER TABLE cim.quarantine ADD COLUMN resolved_in bigint REFERENCES cim.dataset_version (id);

-- A record of another dataset that was found to be an object known already.
CREATE TABLE cim.object_alias (
    dataset_id bigint NOT NULL REFERENCES cim.dataset (id),
    source_key text NOT NULL,
    object_id bigint NOT NULL REFERENCES cim.object (id),
    score real NOT NULL,
    why text NOT NULL,
    version_id bigint NOT NULL REFERENCES cim.dataset_version (id),
    PRIMARY KEY (dataset_id, source_key)
);
CREATE INDEX object_alias_object ON cim.object_alias (object_id);

-- The model ---------------------------------------------------------------------------------------------------------
-- role: 0 what one source says, and the model shows; 1 what one of several sources says, not shown; 2 what was made of
-- several, shown, with the source that won each attribute in `decisions`.

-- A foreign key is a trigger that runs for every row: the bulk paths write ids that they have just made or looked up, and
-- rows of datasets, versions and objects are never deleted.
ALTER TABLE cim.object DROP CONSTRAINT object_dataset_id_fkey;
ALTER TABLE cim.body
    DROP CONSTRAINT body_building_id_fkey, DROP CONSTRAINT body_dataset_id_fkey, DROP CONSTRAINT body_version_id_fkey;
ALTER TABLE cim.feature
    DROP CONSTRAINT feature_object_id_fkey, DROP CONSTRAINT feature_dataset_id_fkey, DROP CONSTRAINT feature_version_id_fkey;
ALTER TABLE cim.place DROP CONSTRAINT place_object_id_fkey, DROP CONSTRAINT place_dataset_id_fkey;
ALTER TABLE cim.quarantine DROP CONSTRAINT quarantine_version_id_fkey;

ALTER TABLE cim.body
    ADD COLUMN role smallint NOT NULL DEFAULT 0 CHECK (role BETWEEN 0 AND 2),
    ADD COLUMN decisions jsonb,
    ADD CHECK (valid_from < valid_to),
    ADD CHECK (record_from < record_to);
ALTER TABLE cim.feature
    ALTER COLUMN geom DROP NOT NULL,          -- records of layers without places
    ALTER COLUMN cell DROP NOT NULL,
    ADD CHECK (valid_from < valid_to),
    ADD CHECK (record_from < record_to);

DROP INDEX cim.body_current_building;
CREATE UNIQUE INDEX body_open ON cim.body (building_id, lod, dataset_id, (role = 2))
    WHERE record_to IS NULL AND valid_to IS NULL;
CREATE INDEX body_past_footprint ON cim.body USING gist (footprint) WHERE record_to IS NOT NULL;
DROP INDEX cim.feature_current_object;
CREATE UNIQUE INDEX feature_open ON cim.feature (layer, object_id) WHERE record_to IS NULL AND valid_to IS NULL;
CREATE INDEX feature_history ON cim.feature (layer, object_id, record_from);
CREATE INDEX feature_past_geom ON cim.feature USING gist (layer, geom) WHERE record_to IS NOT NULL;

CREATE VIEW cim.current_body AS
    SELECT * FROM cim.body WHERE record_to IS NULL AND role <> 1 AND cim.holds(valid_from, valid_to, now());
CREATE VIEW cim.current_feature AS
    SELECT * FROM cim.feature WHERE record_to IS NULL AND cim.holds(valid_from, valid_to, now());

-- Change keys -------------------------------------------------------------------------------------------------------
-- What each statement touched, by squares of 16 x 16 grid cells; ids rise in the order of commits, for every writer holds
-- the clock from its first change to its commit. `cells` NULL: everything may have changed. `features` are object ids.

CREATE TABLE cim.change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    layer text NOT NULL,
    operation text NOT NULL CHECK (operation IN ('insert', 'update', 'delete', 'truncate')),
    block bigint,                             -- cell key of the square, four levels up; NULL for records without a place
    features bigint[] NOT NULL,
    cells bigint[]
);

-- Statement triggers with transition tables: one INSERT ... SELECT a statement, however many rows it touched.
CREATE FUNCTION cim.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stamp timestamptz := cim.record_time();
    rows text := CASE TG_OP WHEN 'INSERT' THEN 'SELECT * FROM fresh' WHEN 'DELETE' THEN 'SELECT * FROM stale'
                            ELSE 'SELECT * FROM fresh UNION ALL SELECT * FROM stale' END;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO cim.change (at, layer, operation, features) VALUES (stamp, TG_ARGV[2], 'truncate', '{}');
    ELSE
        EXECUTE format(
            'INSERT INTO cim.change (at, layer, operation, block, features, cells)
             SELECT $1, layer, $2, block, array_agg(DISTINCT object),
                    coalesce(array_agg(DISTINCT cell) FILTER (WHERE cell IS NOT NULL), ''{}'')
             FROM (SELECT %s AS layer, %I AS object, cell, cell >> 8 AS block FROM (%s) rows) touched
             GROUP BY layer, block ORDER BY layer, block',
            TG_ARGV[1], TG_ARGV[0], rows) USING stamp, lower(TG_OP);
    END IF;
    PERFORM pg_notify('cim_change', '');
    RETURN NULL;
END $$;

CREATE TRIGGER body_inserted AFTER INSERT ON cim.body REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('building_id', '''buildings''');
CREATE TRIGGER body_updated AFTER UPDATE ON cim.body REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('building_id', '''buildings''');
CREATE TRIGGER body_deleted AFTER DELETE ON cim.body REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('building_id', '''buildings''');
CREATE TRIGGER body_truncated AFTER TRUNCATE ON cim.body
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('', '', 'buildings');
CREATE TRIGGER feature_inserted AFTER INSERT ON cim.feature REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('object_id', 'layer');
CREATE TRIGGER feature_updated AFTER UPDATE ON cim.feature REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('object_id', 'layer');
CREATE TRIGGER feature_deleted AFTER DELETE ON cim.feature REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('object_id', 'layer');
CREATE TRIGGER feature_truncated AFTER TRUNCATE ON cim.feature
    FOR EACH STATEMENT EXECUTE FUNCTION cim.note_change('', '', '*');
