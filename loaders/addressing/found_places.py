"""Places brought up to what a dataset holds, in the transaction that publishes it."""

from cim.plugins import Layer
from cim.store import places
from cim.store.db import Connection
from loaders.addressing.place_names import places as named_places


def publish(connection: Connection, layer: Layer, dataset_id: int, *, mode: str) -> None:
    """The places of what is staged and judged.

    Pieces of a road share one place. Where only some of them were delivered or ended, that place may have been theirs: the
    places of all pieces that are held are made anew.
    """
    places.publish(connection, layer.name, dataset_id, mode=mode)
    if layer.name == "roads" and mode != "replace":
        respell(connection, layer, dataset_id)


def respell(connection: Connection, layer: Layer, dataset_id: int) -> None:
    """The places of all that a dataset holds now, made anew."""
    frame = places.restorable(connection, layer, dataset_id)
    places.respell(connection, layer.name, dataset_id, named_places(layer, frame))
