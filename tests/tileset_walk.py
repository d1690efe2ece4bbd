"""A small client of tilesets for the tests: a sink in memory, and the whole tree walked through nested tilesets."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.glb import Glb, parse
from tilesets.publish import PUBLIC, FolderSink, Kind, name_of
from tilesets.spec import Region


@dataclass
class Memory:
    """A sink that keeps everything in dictionaries."""

    contents: dict[str, bytes] = field(default_factory=dict)
    roots: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, bytes] = field(default_factory=dict)

    def put(self, kind: Kind, data: bytes) -> str:
        """Keeps a content, or a record of the builder."""
        name = name_of(kind, data)
        (self.contents if kind in PUBLIC else self.records)[name] = data
        return name

    def get(self, name: str) -> bytes:
        """What was put under a name."""
        return self.contents[name] if name in self.contents else self.records[name]

    def publish(self, tileset: str, data: bytes) -> None:
        """Keeps a root."""
        self.roots[tileset] = data

    def laid(self, folder: Path) -> Path:
        """Writes the tilesets as they lie on disk into a folder, and returns it."""
        target = FolderSink(folder)
        for name, data in self.contents.items():
            target.put("json" if name.endswith(".json") else "glb", data)
        for tileset, data in self.roots.items():
            target.publish(tileset, data)
        return folder

    @classmethod
    def of(cls, folder: Path, tileset: str) -> "Memory":
        """What a FolderSink wrote."""
        files = {
            path.name.removesuffix(".gz"): gzip.decompress(path.read_bytes()) for path in (folder / "c").glob("*.gz")
        }
        return cls(files, {tileset: (folder / tileset / "tileset.json").read_bytes()})


@dataclass
class Visited:
    """A tile as a client meets it: nested tilesets put in the place of the tiles that name them."""

    region: Region
    error: float
    refine: str
    glb: Glb | None
    children: list["Visited"]

    def walk(self) -> Iterator["Visited"]:
        """This tile and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def kind(self) -> str:
        """`block`, `building`, or nothing for a tile without a model."""
        if self.glb is None:
            return ""
        return str(self.glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["class"])


def visit(sink: Memory, tileset: str = "city") -> Visited:
    """The tree of a published tileset."""
    document = json.loads(sink.roots[tileset])
    assert document["asset"]["version"] == "1.1"
    assert document["geometricError"] >= document["root"]["geometricError"]
    return _tile(sink, document["root"], "../c/")


def _tile(sink: Memory, tile: dict[str, Any], prefix: str) -> Visited:
    region = Region(*tile["boundingVolume"]["region"])
    children = [_tile(sink, child, prefix) for child in tile.get("children", [])]
    uri = tile.get("content", {}).get("uri", "")
    assert not uri or uri.startswith(prefix)
    data = sink.contents[uri.removeprefix(prefix)] if uri else b""
    if uri.endswith(".json"):
        nested = json.loads(data)
        assert not children
        assert nested["geometricError"] <= tile["geometricError"]
        children = [_tile(sink, nested["root"], "")]
        data = b""
    return Visited(region, tile["geometricError"], tile["refine"], parse(data) if data else None, children)
