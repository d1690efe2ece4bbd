"""Whether records are let in: one by one, and as a whole."""
