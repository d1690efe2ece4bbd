"""The ground that depths are measured from: the elevation models as they are loaded now."""

from cim.plugins import Layer
from cim.store import catalogue, dem
from cim.store.db import Connection, Database
from cim.types import FloatArray
from loaders.judging.raising import Ground


def ground(database: Database, layer: Layer) -> Ground | None:
    """Ground heights for a layer whose heights matter, each question in a transaction of its own; None for other layers."""
    if not _stands_on(layer):
        return None

    def heights(lonlat: FloatArray) -> FloatArray:
        with database.begin() as connection:
            return dem.heights(connection, lonlat)

    return heights


def _stands_on(layer: Layer) -> bool:
    """Lines are raised by the ground; stated bases of buildings are held against it."""
    return layer.z or layer.name == "buildings"


def ground_within(connection: Connection, layer: Layer) -> Ground | None:
    """The same within a transaction that is under way."""
    return (lambda lonlat: dem.heights(connection, lonlat)) if _stands_on(layer) else None


def editions(connection: Connection, layer: Layer) -> list[int]:
    """The versions of the ground that heights of this layer rest on: other ones make another load of the same file."""
    if not layer.z:
        return []
    return [found.id for found in catalogue.published(connection, layer="dem")]
