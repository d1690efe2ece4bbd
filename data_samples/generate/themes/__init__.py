"""Samples of the thematic layers: what stands in the city beside its buildings, all invented unless it says otherwise."""
