"""Buildings: rows of bodies to the contents of tiles, from blocks seen from afar to roofs in the street."""
