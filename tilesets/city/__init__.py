"""The city tileset: kept as the store is, put together from records, published, cleared, and shown as of other days."""
