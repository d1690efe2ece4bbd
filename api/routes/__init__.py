"""The doors, one file a family: a route parses, makes one call, shapes the answer."""
