"""Ways in: files to the store (sources, checks, pipeline) and devices to observations (protocols, simulate)."""
