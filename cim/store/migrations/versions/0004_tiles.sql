-- The past in the order of the tile grid, for tilesets of another day.
CREATE INDEX body_past_cell ON cim.body (cell) WHERE record_to IS NOT NULL;
