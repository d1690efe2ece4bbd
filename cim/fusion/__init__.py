"""Several sources that say things of one building: which building each means, what wins, what contradicts. Pure."""
