-- Why an address belongs to no building, in the present only: renewed with the ties.
CREATE TABLE cim.address_unlinked (
    address_id bigint PRIMARY KEY,
    why text NOT NULL CHECK (why IN ('no_street_or_number', 'no_building_says_it', 'several_buildings_say_it'))
);
