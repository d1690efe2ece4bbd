"""A tile as the checker sees it: where it stands, what holds it, what it draws, what lies above and below it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.tileset_rules.volumes import Volume


@dataclass
class TableSeen:
    """A property table of a content: its class, its rows, and the columns of numbers, codes and truth values."""

    class_name: str
    count: int
    columns: dict[str, np.ndarray]


@dataclass
class Link:
    """A content a tile names: its URI on the shelf, and its own volume if one is given."""

    uri: str
    volume: Volume | None


@dataclass
class Tile:
    """A node of the whole tree, nested and implicit tilesets put in their places.

    uri: the document and where in it. base: the document. pose: (4, 4) from the tile's axes to the tileset's.
    declared: the schema and statistics of the tileset JSON this tile stands in.
    """

    uri: str
    base: str
    volume: Volume | None
    error: float
    refine: str
    pose: np.ndarray
    parent: "Tile | None"
    links: list[Link] = field(default_factory=list)
    children: list["Tile"] = field(default_factory=list)
    tables: list[TableSeen] = field(default_factory=list)
    draws: bool = False
    declared: dict[str, Any] = field(default_factory=dict)
    is_root: bool = False

    def walk(self) -> Iterator["Tile"]:
        """This tile and all below it."""
        waiting = [self]
        while waiting:
            tile = waiting.pop()
            yield tile
            waiting += reversed(tile.children)

    def above(self) -> Iterator["Tile"]:
        """The tiles above this one, the nearest first."""
        tile = self.parent
        while tile is not None:
            yield tile
            tile = tile.parent
