"""The JSON of 3D Tiles 1.1 as this project writes it: typed dictionaries, regions, and one way to print them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import numpy as np

VERSION = "1.1"
GENERATOR = "datong-cim"


class Asset(TypedDict):
    """Metadata about the tileset (clause `asset`)."""

    version: str
    generator: NotRequired[str]


class BoundingVolume(TypedDict):
    """Always a region: west, south, east, north in radians, lowest and highest ellipsoidal metres."""

    region: list[float]


class TileContent(TypedDict):
    """What a tile draws: a GLB, or a further tileset that continues the tree."""

    uri: str


class Tile(TypedDict):
    """A node of the tree. geometricError: metres by which drawing this tile instead of its children may be wrong."""

    boundingVolume: BoundingVolume
    geometricError: float
    refine: NotRequired[str]
    content: NotRequired[TileContent]
    children: NotRequired[list["Tile"]]
    extras: NotRequired[dict[str, Any]]


class Tileset(TypedDict):
    """A tileset JSON. geometricError: metres by which drawing nothing at all may be wrong."""

    asset: Asset
    schema: NotRequired[dict[str, Any]]
    statistics: NotRequired[dict[str, Any]]
    geometricError: float
    root: Tile


@dataclass(frozen=True, slots=True)
class Region:
    """A bounding region: radians east and north (WGS 84), ellipsoidal metres up."""

    west: float
    south: float
    east: float
    north: float
    low: float
    high: float

    def contains(self, other: "Region") -> bool:
        """Whether no point of the other lies outside this one."""
        return (
            self.west <= other.west
            and self.south <= other.south
            and self.east >= other.east
            and self.north >= other.north
            and self.low <= other.low
            and self.high >= other.high
        )

    def volume(self) -> BoundingVolume:
        """As 3D Tiles writes it."""
        return {"region": [self.west, self.south, self.east, self.north, self.low, self.high]}


def cover(regions: Iterable[Region]) -> Region:
    """The smallest region that contains all of these; raises ValueError for none.

    >>> cover([Region(0, 0, 1, 1, 5, 6), Region(0, 0, 2, 1, 4, 5)])
    Region(west=0, south=0, east=2, north=1, low=4, high=6)
    """
    known = list(regions)
    return Region(
        west=min(r.west for r in known),
        south=min(r.south for r in known),
        east=max(r.east for r in known),
        north=max(r.north for r in known),
        low=min(r.low for r in known),
        high=max(r.high for r in known),
    )


def outward(west: float, south: float, east: float, north: float, low: float, high: float) -> Region:
    """A region of short decimal numbers round these (radians, metres): up to a nanoradian and a centimetre larger."""
    nano, cents = 1e9, 1e2
    return Region(
        west=_down(west, nano),
        south=_down(south, nano),
        east=_up(east, nano),
        north=_up(north, nano),
        low=_down(low, cents),
        high=_up(high, cents),
    )


def _down(value: float, scale: float) -> float:
    """The largest multiple of 1/scale that is not above the value, also where the product rounds up to it."""
    count = float(np.floor(value * scale))
    return count / scale if count / scale <= value else (count - 1.0) / scale


def _up(value: float, scale: float) -> float:
    return -_down(-value, scale)


def tileset(root: Tile, geometric_error: float) -> Tileset:
    """A whole tileset JSON round a root tile."""
    return {
        "asset": {"version": VERSION, "generator": GENERATOR},
        "geometricError": geometric_error,
        "root": root,
    }


def described(document: Tileset, schema: dict[str, Any], statistics: dict[str, Any]) -> Tileset:
    """A tileset JSON that says of what its features tell (clause `schema`) and what there is in all (`statistics`)."""
    return {
        "asset": document["asset"],
        "schema": schema,
        "statistics": statistics,
        "geometricError": document["geometricError"],
        "root": document["root"],
    }


def encode(document: Tileset) -> bytes:
    """The bytes of a tileset JSON: the same document, the same bytes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


EMPTY: Tileset = tileset({"boundingVolume": {"region": [0.0] * 6}, "geometricError": 0.0, "refine": "REPLACE"}, 0.0)
"""The tileset of a city without buildings."""
