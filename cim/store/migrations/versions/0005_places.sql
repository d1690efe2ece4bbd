-- Places by their parts. What many records share (a street, a quarter, a division) is a name, kept once in `place_name` with
-- all its spellings; a record keeps the folded names that it belongs to, and its numbers, for look-ups by equality.

ALTER TABLE cim.place
    ALTER COLUMN geom DROP NOT NULL,              -- divisions known by their codes alone
    DROP COLUMN search,
    DROP COLUMN pinyin,
    DROP COLUMN initials,
    ADD COLUMN street text NOT NULL DEFAULT '',   -- folded, as quarter and community
    ADD COLUMN quarter text NOT NULL DEFAULT '',
    ADD COLUMN community text NOT NULL DEFAULT '',  -- only where its numbers hang on it: in villages without streets
    ADD COLUMN number text NOT NULL DEFAULT '',
    ADD COLUMN building text NOT NULL DEFAULT '',
    ADD COLUMN unit text NOT NULL DEFAULT '',
    ADD COLUMN room text NOT NULL DEFAULT '',
    ADD COLUMN number_value integer NOT NULL DEFAULT -1,     -- the first number in it; -1: there is none
    ADD COLUMN building_value integer NOT NULL DEFAULT -1,
    ADD COLUMN depth smallint NOT NULL DEFAULT 0,            -- 0 a name, 1 number, 2 building, 3 unit, 4 room
    ADD COLUMN successors text[] NOT NULL DEFAULT '{}';      -- of an old division: the codes that it went to
COMMENT ON COLUMN cim.place.folded_name IS
    'the name, folded; of an address of which no part could be read, the whole of it; else empty';
UPDATE cim.place SET folded_name = lower(regexp_replace(address, '[^[:alnum:]]', '', 'g'))
WHERE folded_name = '' AND address IS NOT NULL;

DROP INDEX cim.place_geom;
CREATE INDEX place_named ON cim.place (folded_name text_pattern_ops, division text_pattern_ops) WHERE folded_name <> '';
CREATE INDEX place_street ON cim.place (street, number_value, building_value, depth) WHERE street <> '';
CREATE INDEX place_quarter ON cim.place (quarter, building_value, depth) WHERE quarter <> '';
CREATE INDEX place_community ON cim.place (community, number_value, building_value, depth) WHERE community <> '';
CREATE INDEX place_object ON cim.place (object_id);
CREATE INDEX place_division ON cim.place (division) WHERE layer IN ('divisions', 'division_codes');
-- Two, so that the nearest landmark is found without passing by all the addresses that lie nearer.
CREATE INDEX place_address_geom ON cim.place USING gist (geom) WHERE layer = 'addresses';
CREATE INDEX place_other_geom ON cim.place USING gist (geom) WHERE layer <> 'addresses';

-- Every spelling under which a name is looked for: as it is, and short, without the word for what it is.
CREATE TABLE cim.place_name (
    spelling text NOT NULL,                -- folded
    folded text NOT NULL,                  -- the folded name that places carry
    is_short boolean NOT NULL,
    roles smallint NOT NULL,               -- 1 name of a record, 2 street, 4 quarter, 8 community, 16 division
    rank smallint NOT NULL,                -- the best of its places
    pinyin text NOT NULL,                  -- of the spelling, without tones or spaces
    initials text NOT NULL,
    keys text[] NOT NULL,                  -- its pairs of neighbouring letters, and what is left without one or two letters
    PRIMARY KEY (spelling, folded)
);
CREATE INDEX place_name_start ON cim.place_name (spelling text_pattern_ops);
CREATE INDEX place_name_folded ON cim.place_name (folded);
CREATE INDEX place_name_pinyin ON cim.place_name (pinyin text_pattern_ops);
CREATE INDEX place_name_initials ON cim.place_name (initials text_pattern_ops);
CREATE INDEX place_name_keys ON cim.place_name USING gin (keys);
-- Of an expression, so that the planner does not take it for equality: hundreds of equal sounds at once would cost seconds.
CREATE INDEX place_name_sound ON cim.place_name USING gin (lower(pinyin) gin_trgm_ops);

-- Divisions by their code, of which a table holds thousands, for every point that is asked about.
CREATE INDEX feature_division_code ON cim.feature ((properties ->> 'code'))
    WHERE layer IN ('divisions', 'division_codes') AND record_to IS NULL;
