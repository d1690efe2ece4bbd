-- The past in the order of the tile grid, for tilesets of another day.
CREATE INDEX body_past_cell ON cim.body (cell) WHERE record_to IS NOT NULL;

-- States that begin or end on a day to come change what is shown without a commit: few, and asked for often.
CREATE INDEX body_to_begin ON cim.body (valid_from) WHERE record_to IS NULL AND valid_from > record_from;
CREATE INDEX body_to_end ON cim.body (valid_to) WHERE record_to IS NULL AND valid_to > record_from;
