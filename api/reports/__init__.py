"""The reports of loads: their page, their map, and what every code in them means."""
