-- The first shape of the store. :srid is the city frame's EPSG number, set once when the database is made.

CREATE TABLE cim.city (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    name text NOT NULL,
    code text NOT NULL,
    srid integer NOT NULL,
    height_datum text NOT NULL
);

-- Catalogue ---------------------------------------------------------------------------------------------------------

CREATE TABLE cim.dataset (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    layer text NOT NULL,
    data_class text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cim.dataset_version (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset_id bigint NOT NULL REFERENCES cim.dataset (id),
    state text NOT NULL CHECK (state IN ('loading', 'published', 'superseded', 'failed')),
    location text NOT NULL,
    checksum text NOT NULL,           -- sha256 of the source's bytes
    fingerprint text NOT NULL,        -- of all that decides the outcome: bytes, stated source, limits, loader version
    crs text,                         -- what the source stated
    records_read bigint,
    accepted bigint,
    repaired bigint,
    rejected bigint,
    report jsonb,
    raster jsonb,                     -- for rasters: path, size and time of the file, bounds, pixel
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE UNIQUE INDEX dataset_version_published ON cim.dataset_version (dataset_id) WHERE state = 'published';
CREATE INDEX dataset_version_dataset ON cim.dataset_version (dataset_id, id);

CREATE TABLE cim.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id bigint NOT NULL REFERENCES cim.dataset_version (id),
    source_row bigint NOT NULL,
    codes text[] NOT NULL,
    reason text NOT NULL,
    content jsonb NOT NULL,           -- the record as it came, geometry as WKT or as the text that was there
    created_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE INDEX quarantine_version ON cim.quarantine (version_id);

-- The model ---------------------------------------------------------------------------------------------------------
-- An object is what stays the same over deliveries and states; its id is what clients see.

CREATE TABLE cim.object (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset_id bigint NOT NULL REFERENCES cim.dataset (id),
    source_key text NOT NULL,
    UNIQUE (dataset_id, source_key)
);

-- One row per (building, level of detail) and state. `geom` holds boundary surfaces with their semantics where a model
-- was delivered; NULL says that the body is its footprint raised by height, eaves and roof form.
CREATE TABLE cim.body (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id bigint NOT NULL REFERENCES cim.object (id),
    lod real NOT NULL,
    cim_level smallint NOT NULL,
    dataset_id bigint NOT NULL REFERENCES cim.dataset (id),
    version_id bigint NOT NULL REFERENCES cim.dataset_version (id),
    source_row bigint NOT NULL,
    name text,
    address text,
    use smallint NOT NULL,
    roof_form smallint NOT NULL,
    storeys smallint,
    year smallint,
    height_m double precision NOT NULL,
    height_basis text NOT NULL CHECK (height_basis IN ('source', 'storeys', 'assumed')),
    eaves_m double precision,
    base_m double precision,          -- surveyed ground height; NULL: the lowest height of the served terrain
    footprint geometry(Geometry, :srid) NOT NULL,
    geom geometry(MultiPolygonZ, :srid),
    semantics smallint[],
    appearance jsonb,
    properties jsonb NOT NULL DEFAULT '{}',
    source text,
    survey_date date,
    accuracy_m real,
    is_synthetic boolean NOT NULL,
    cell bigint NOT NULL,             -- grid key of the anchor point, in the order of the tile grid
    valid_from timestamptz,
    valid_to timestamptz,
    record_from timestamptz NOT NULL,
    record_to timestamptz
);
CREATE INDEX body_current_cell ON cim.body (cell, building_id, lod) WHERE record_to IS NULL;
CREATE INDEX body_current_footprint ON cim.body USING gist (footprint) WHERE record_to IS NULL;
CREATE UNIQUE INDEX body_current_building ON cim.body (building_id, lod) WHERE record_to IS NULL;
CREATE INDEX body_dataset ON cim.body (dataset_id) WHERE record_to IS NULL;
CREATE INDEX body_history ON cim.body (building_id, lod, record_from);

-- Every other layer: divisions, roads, water, landmarks, addresses ...
CREATE TABLE cim.feature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object_id bigint NOT NULL REFERENCES cim.object (id),
    layer text NOT NULL,
    dataset_id bigint NOT NULL REFERENCES cim.dataset (id),
    version_id bigint NOT NULL REFERENCES cim.dataset_version (id),
    source_row bigint NOT NULL,
    name text,
    properties jsonb NOT NULL DEFAULT '{}',
    geom geometry(Geometry, :srid) NOT NULL,
    source text,
    survey_date date,
    accuracy_m real,
    is_synthetic boolean NOT NULL,
    cell bigint NOT NULL,
    valid_from timestamptz,
    valid_to timestamptz,
    record_from timestamptz NOT NULL,
    record_to timestamptz
);
CREATE INDEX feature_current_geom ON cim.feature USING gist (layer, geom) WHERE record_to IS NULL;
CREATE UNIQUE INDEX feature_current_object ON cim.feature (layer, object_id) WHERE record_to IS NULL;
CREATE INDEX feature_dataset ON cim.feature (dataset_id) WHERE record_to IS NULL;

-- What `/places` finds: addresses and the names of everything named, in the forms people type them.
CREATE TABLE cim.place (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object_id bigint NOT NULL REFERENCES cim.object (id),
    dataset_id bigint NOT NULL REFERENCES cim.dataset (id),
    layer text NOT NULL,
    kind text NOT NULL,
    name text,
    address text,
    division text,
    folded_name text NOT NULL,        -- the name, folded; empty where there is none
    search text NOT NULL,             -- name and address, folded
    pinyin text NOT NULL,             -- of the name (else the address), without tones or spaces
    initials text NOT NULL,
    rank smallint NOT NULL,           -- places before streets before numbers
    geom geometry(Point, :srid) NOT NULL
);
CREATE INDEX place_search ON cim.place USING gin (search gin_trgm_ops);
CREATE INDEX place_pinyin_start ON cim.place (pinyin text_pattern_ops);
CREATE INDEX place_initials ON cim.place (initials text_pattern_ops);
CREATE INDEX place_geom ON cim.place USING gist (geom);
CREATE INDEX place_dataset ON cim.place (dataset_id);

-- Live --------------------------------------------------------------------------------------------------------------

CREATE TABLE cim.thing (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL,               -- gas, water_level, traffic, air, vehicle ...
    building_id bigint REFERENCES cim.object (id),
    geom geometry(Point, :srid),      -- where it stands, or was last seen if it moves
    source text,
    is_synthetic boolean NOT NULL,
    properties jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX thing_geom ON cim.thing USING gist (geom);

CREATE TABLE cim.datastream (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing_id bigint NOT NULL REFERENCES cim.thing (id),
    property text NOT NULL,           -- the observed property's name
    unit_name text NOT NULL,
    unit_symbol text NOT NULL,
    period_s double precision,        -- how often it reports; NULL unknown
    thresholds jsonb NOT NULL DEFAULT '[]',   -- [{"name", "value", "source"}], ascending; none known: empty
    UNIQUE (thing_id, property)
);

-- No foreign key: its trigger would run for every row, and writers check the ids of a whole batch at once.
CREATE TABLE cim.observation (
    datastream_id bigint NOT NULL,
    phenomenon_time timestamptz NOT NULL,
    result double precision NOT NULL,
    lon double precision,
    lat double precision,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (datastream_id, phenomenon_time)
);

CREATE TABLE cim.latest (
    datastream_id bigint PRIMARY KEY REFERENCES cim.datastream (id),
    phenomenon_time timestamptz NOT NULL,
    result double precision NOT NULL,
    lon double precision,
    lat double precision
);

CREATE TABLE cim.incident (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    title text NOT NULL,
    description text,
    severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),   -- 1 特别重大 ... 4 一般
    state text NOT NULL,
    geom geometry(Point, :srid) NOT NULL,
    reported_by text,
    is_synthetic boolean NOT NULL DEFAULT false,
    properties jsonb NOT NULL DEFAULT '{}',
    reported_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX incident_geom ON cim.incident USING gist (geom);
CREATE INDEX incident_state ON cim.incident (state, id);

CREATE TABLE cim.incident_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES cim.incident (id),
    at timestamptz NOT NULL DEFAULT now(),
    from_state text,
    to_state text NOT NULL,
    note text,
    by text
);
CREATE INDEX incident_log_incident ON cim.incident_log (incident_id, id);

-- The bus's memory: ids only, in commit order, so that a client can say where it stopped.
CREATE TABLE cim.live_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,               -- incident, observation, tile, dataset
    keys bigint[] NOT NULL,           -- incident ids, datastream ids ...
    data jsonb,
    at timestamptz NOT NULL DEFAULT now()
);

-- Remember and announce that these keys changed. The lock makes ids rise in the order of commits, so that a reader
-- that has seen an id will never meet a smaller one later; call it as a transaction's last statement.
CREATE FUNCTION cim.tell(event_kind text, event_keys bigint[], event_data jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE event_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('cim.live_event'));
    INSERT INTO cim.live_event (kind, keys, data) VALUES (event_kind, event_keys, event_data) RETURNING id INTO event_id;
    PERFORM pg_notify('cim_live', event_id::text);
    RETURN event_id;
END $$;
