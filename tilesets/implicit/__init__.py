"""The city once more as an implicit 3D Tiles 1.1 tileset, in a folder of its own that any static host can serve."""

from tilesets.implicit.folder import ImplicitReport, export, require_empty

__all__ = ["ImplicitReport", "export", "require_empty"]
