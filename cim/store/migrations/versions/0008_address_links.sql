-- The building of each address, in the present only: renewed in the transaction that publishes either of them.
-- No foreign keys: their triggers would run for every row of a bulk load, and objects are never deleted.
CREATE TABLE cim.address_link (
    address_id bigint PRIMARY KEY,
    building_id bigint NOT NULL,
    how text NOT NULL CHECK (how IN ('inside', 'near', 'text')),
    distance_m real                   -- 0 inside; NULL: by text
);
CREATE INDEX address_link_building ON cim.address_link (building_id);

-- Addresses that are in no building are looked for by what they say.
CREATE INDEX feature_address_said ON cim.feature ((properties ->> 'street'), (properties ->> 'number'))
    WHERE layer = 'addresses' AND record_to IS NULL AND properties ? 'street' AND properties ? 'number';
