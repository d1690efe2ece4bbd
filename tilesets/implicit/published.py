"""The published tileset read back from disk: which tile draws what, in which cell of the grid, under which other."""

import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cim.errors import BadInput, BadSource
from tilesets.implicit.quadtree import Drawn, Square, above_all
from tilesets.spec import Region


@dataclass(frozen=True, slots=True)
class Published:
    """A folder of tiles and the name of one tileset in it."""

    tiles: Path
    tileset: str

    def read(self, uri: str) -> bytes:
        """A content by its path in the folder. Raises BadSource where it is missing or damaged."""
        path = self.tiles / f"{uri}.gz"
        try:
            return gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise BadSource(f"{path}: cannot be read ({error}); run `cim build {self.tileset}`") from error

    def root(self) -> Drawn:
        """The whole tree.

        Raises BadInput where no such tileset is built or it is empty, BadSource for tiles that do not say their cell.
        """
        path = self.tiles / self.tileset / "tileset.json"
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise BadInput(f"{path}: no tileset is there; run `cim build {self.tileset}` first") from error
        drawn = self._drawn(document["root"], self.tileset)
        if not drawn:
            raise BadInput(f"{path}: nothing is drawn in it, so there is nothing to export")
        if len(drawn) == 1:
            return drawn[0]
        top, region = document["root"], _region(document["root"])
        square = above_all([child.square for child in drawn])
        if any(child.square == square for child in drawn):
            square = square.above(square.depth + 1)
        return Drawn(square, region, float(top["geometricError"]), None, region, drawn)

    def _drawn(self, tile: dict[str, Any], folder: str) -> tuple[Drawn, ...]:
        """The tile if it draws something, else the tiles nearest below it that do."""
        below = tuple(drawn for child in tile.get("children", []) for drawn in self._drawn(child, folder))
        if tile.get("refine", "REPLACE") != "REPLACE":
            raise BadSource(f"{folder}: a tile refines by {tile['refine']}, expected REPLACE")
        uri = tile.get("content", {}).get("uri")
        if uri is None:
            return below
        name = Path(uri).name
        if name.endswith(".json"):
            nested = json.loads(self.read(f"c/{name}"))
            return below + self._drawn(nested["root"], "c")
        region = _region(tile)
        own = tile["content"]
        content = _region(own) if "boundingVolume" in own else region
        error = float(tile["geometricError"])
        return (Drawn(_square(tile, f"{folder}: {uri}"), region, error, f"c/{name}", content, below),)


def _region(holder: dict[str, Any]) -> Region:
    return Region(*holder["boundingVolume"]["region"])


def _square(tile: dict[str, Any], where: str) -> Square:
    """The cell a tile says it stands in: `depth/x/y`."""
    stated = tile.get("extras", {}).get("cell")
    parts = stated.split("/") if isinstance(stated, str) else []
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise BadSource(f"{where} says {stated!r} for its grid cell, expected depth/x/y; run `cim build` once more")
    return Square(*(int(part) for part in parts))
