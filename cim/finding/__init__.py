"""Finding places: how a query is read, which names it may mean, how well a place answers it. Pure."""
