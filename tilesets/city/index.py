"""What a published root was made of: each unit's record, each district, and up to which change of the model. Pure.

It lies beside the root ({tileset}/index.json). The next build takes from it whatever has not changed since.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from cim.errors import BadSource
from tilesets.buildings.tally import Tally
from tilesets.city.footing import Footing
from tilesets.city.records import node_json, node_of, tally_of
from tilesets.tree import Node

FORMAT = 3


@dataclass(frozen=True, slots=True)
class Made:
    """A unit as it was made. file: its record. cells: how many cells of depths 0 to 6 its buildings occupy.

    change: the last change of the model that it knows of; moment: the instant (ISO 8601) that it shows, valid time.
    tally, tiles: what is drawn (None: nothing); flaws: how often each code occurs; rejected: rows that are not drawn.
    """

    file: str
    cells: tuple[int, ...]
    change: int
    moment: str
    tally: Tally | None = None
    tiles: int = 0
    rejected: int = 0
    flaws: dict[str, int] = field(default_factory=dict)

    @property
    def drawn(self) -> int:
        """How many buildings are drawn."""
        return 0 if self.tally is None else self.tally.count


@dataclass(frozen=True, slots=True)
class District:
    """A district as it was made. of: digest of its units' records; node: its top, the nested tileset JSON under it."""

    of: str
    node: Node


@dataclass(frozen=True, slots=True)
class Top:
    """The blocks of the root. depth: of its cells; mass: the record of what stands in them; of: the units' records; node:
    the root without what is below it.
    """

    depth: int
    mass: str
    of: dict[int, str]
    node: Node


@dataclass(frozen=True, slots=True)
class Index:
    """stamp: of all that decides a tile besides its rows and what it rests on. footing: that.

    newest: the last change that was seen, and when it was noted: another store may count as far, but not at that instant.
    """

    stamp: str
    footing: Footing = Footing()
    units: dict[int, Made] = field(default_factory=dict)
    districts: dict[int, District] = field(default_factory=dict)
    top: Top | None = None
    newest: tuple[int, str | None] = (0, None)

    def names(self) -> set[str]:
        """The records it needs."""
        found = {made.file for made in self.units.values()}
        found |= {self.top.mass} if self.top is not None else set()
        return found | self.footing.names()


def encode(index: Index) -> bytes:
    """The bytes of an index: the same index, the same bytes."""
    document = {
        "format": FORMAT,
        "stamp": index.stamp,
        "ground": index.footing.ground,
        "parts": index.footing.parts,
        "newest": list(index.newest),
        "units": {str(key): asdict(index.units[key]) for key in sorted(index.units)},
        "districts": {
            str(key): {"of": one.of, "node": node_json(one.node)} for key, one in sorted(index.districts.items())
        },
        "top": None if index.top is None else _top(index.top),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def decode(data: bytes, name: str = "index.json") -> Index:
    """The index of such bytes. Raises BadSource for others."""
    try:
        document: dict[str, Any] = json.loads(data)
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']}")
        units = {int(key): made(entry) for key, entry in document["units"].items()}
        districts = {
            int(key): District(entry["of"], node_of(entry["node"])) for key, entry in document["districts"].items()
        }
        top = document["top"]
        root, (change, noted) = None if top is None else _top_of(top), document["newest"]
        footing = Footing(document["ground"], document["parts"])
        return Index(document["stamp"], footing, units, districts, root, (change, noted))
    except (ValueError, KeyError, TypeError) as error:
        raise BadSource(f"{name}: not an index of this builder ({error})") from error


def _top(top: Top) -> dict[str, Any]:
    of = {str(key): file for key, file in top.of.items()}
    return {"depth": top.depth, "mass": top.mass, "of": of, "node": node_json(top.node, below=False)}


def _top_of(entry: dict[str, Any]) -> Top:
    of = {int(key): str(file) for key, file in entry["of"].items()}
    return Top(entry["depth"], entry["mass"], of, node_of(entry["node"]))


def made(entry: dict[str, Any]) -> Made:
    """A unit's entry of its JSON."""
    tally = None if entry["tally"] is None else tally_of(entry["tally"])
    return Made(**{**entry, "cells": tuple(entry["cells"]), "tally": tally})
