"""A rehearsal: simulated devices that speak to a running service."""
