-- Lines with a height at every vertex (city datum) beside their flat shapes: everything that asks for a place goes on using
-- `geom`; NULL where the layer has no heights, or a line's are not known.
ALTER TABLE cim.feature ADD COLUMN raised geometry(GeometryZ, {srid});
COMMENT ON COLUMN cim.feature.raised IS
    'the shape with a height at every vertex, metres of the city datum; NULL: its layer has none, or they are not known';

CREATE OR REPLACE VIEW cim.current_feature AS
    SELECT * FROM cim.feature WHERE record_to IS NULL AND cim.holds(valid_from, valid_to, now());
