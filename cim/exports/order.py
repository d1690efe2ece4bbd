"""What is to be exported, as a value, and the tables and files that it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cim.errors import BadInput, Unknown
from cim.exports.standing import Terrain
from cim.layers import LAYERS
from cim.store import catalogue
from cim.store.db import Connection
from cim.store.frame import outline
from cim.store.records import Wanted
from cim.types import Box

HELD_ELSEWHERE = ("stations", "vehicles")
"""Layers whose records are devices and readings, not features: the SensorThings door gives those."""

FILES = ("raster", "points")
"""Kinds of layers that are files and stay as they were delivered."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to write. Neither layers nor datasets: every layer, and every raster and point cloud that is published.

    layers: as the model shows them, at `at` (valid time) and as known at `known` (record time); None: now. datasets: as
    their published versions made them, or as `version` made the only one. formats, encoding: None of one: each format's
    own. crs: None: the city frame. bbox: degrees. by: who asks for it, for the manifest. terrain: what
    bodies stand on, as they are drawn; None: on the elevation models.
    """

    layers: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    version: int | None = None
    formats: tuple[str, ...] = ("gpkg",)
    crs: str | None = None
    encoding: str | None = None
    bbox: Box | None = None
    at: datetime | None = None
    known: datetime | None = None
    by: str | None = None
    terrain: Terrain | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to write: a table (`wanted`), or the files that rasters and points were delivered as (`wanted` None)."""

    name: str
    layer: str
    dataset: str | None
    version: Mapping[str, Any] | None
    wanted: Wanted | None


def items(connection: Connection, order: Order) -> list[Item]:
    """The items of an order. Raises Unknown for a name that there is not, BadInput for parts that do not fit together."""
    if order.version is not None and len(order.datasets) != 1:
        raise BadInput("a version is one of one dataset: name that dataset, and no other")
    if order.datasets and order.known is not None:
        raise BadInput("a dataset is written as one of its versions; expected `version` instead of `as_known_at`")
    whole = not order.layers and not order.datasets
    box = outline(connection, order.bbox)
    found = [_layer(name, order, box) for name in (_features() if whole else order.layers)]
    published = {one.dataset: one.id for one in catalogue.published(connection)}
    for name in order.datasets:
        catalogue.dataset_id(connection, name)
        id = order.version if order.version is not None else published.get(name)
        if id is None:
            raise Unknown(f"dataset {name} has no published version")
        found.append(_dataset(connection, catalogue.version(connection, name, id), order, box))
    if whole:
        held = (one for one in catalogue.published(connection) if LAYERS[one.layer].geometry in FILES)
        versions = (catalogue.version(connection, one.dataset, one.id) for one in held)
        found += [_dataset(connection, version, order, box) for version in versions]
    return _with_names(found)


def _features() -> list[str]:
    return [one.name for one in LAYERS.values() if one.geometry not in FILES and one.name not in HELD_ELSEWHERE]


def _layer(name: str, order: Order, box: str | None) -> Item:
    layer = LAYERS[name]
    if layer.geometry in FILES:
        raise BadInput(f"layer {name} is made of files, not of records: name their datasets instead")
    if name in HELD_ELSEWHERE:
        raise BadInput(f"layer {name} holds devices, which are no features: /sta/v1.1 gives them")
    return Item(name, name, None, None, Wanted(name, at=order.at, known=order.known, box=box))


def _dataset(connection: Connection, version: Mapping[str, Any], order: Order, box: str | None) -> Item:
    name, layer = str(version["dataset"]), str(version["layer"])
    if version["published_at"] is None:
        raise BadInput(f"version {version['id']} of {name} was never published: it has no records")
    called = f"{name}-v{version['id']}"
    if LAYERS[layer].geometry in FILES:
        return Item(called, layer, name, version, None)
    if layer in HELD_ELSEWHERE:
        raise BadInput(f"dataset {name} holds devices, which are no features: /sta/v1.1 gives them")
    id = catalogue.dataset_id(connection, name)
    wanted = Wanted(layer, dataset_id=id, at=order.at, known=version["published_at"], box=box)
    return Item(called, layer, name, version, wanted)


_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_") | {chr(c): "_" for c in range(32)})


def _with_names(found: Sequence[Item]) -> list[Item]:
    """The same, each under a name that is one of a file everywhere, and nobody else's."""
    taken: set[str] = set()
    named = []
    for item in found:
        plain = item.name.translate(_FORBIDDEN).strip(" .") or "table"
        name, number = plain, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.lower())
        named.append(Item(name, item.layer, item.dataset, item.version, item.wanted))
    return named
