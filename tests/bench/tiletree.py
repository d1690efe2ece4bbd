"""A published tileset as a client walks it: every model on its path from the root, nested tilesets followed."""

import gzip
import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.line import Invalid

Read = Callable[[str], bytes]
"""The bytes behind `city/tileset.json` or `c/{name}`, plain."""


@dataclass(frozen=True, slots=True)
class Found:
    """A model met on the way. path: every file from the root's on down to its own; is_finest: nothing refines it.

    depth: how many models stand before it on its path: refinements from the root, wherever nested tilesets begin.
    """

    name: str
    path: tuple[str, ...]
    depth: int
    is_finest: bool


def folder(tiles: Path) -> Read:
    """Reads what a build left in a folder of tiles. Raises Invalid where a file is missing that something names."""

    def read(name: str) -> bytes:
        packed = name.startswith("c/")
        path = tiles / (f"{name}.gz" if packed else name)
        if not path.is_file():
            raise Invalid(f"the tileset names {name}, which is not there")
        return gzip.decompress(path.read_bytes()) if packed else path.read_bytes()

    return read


def http(base: str) -> Read:
    """Reads what a server at `base` serves. Raises Invalid where it does not answer 200."""

    def read(name: str) -> bytes:
        request = urllib.request.Request(f"{base}/tiles3d/{name}", headers={"Accept-Encoding": "gzip"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                body: bytes = answer.read()
                return gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
        except OSError as error:
            raise Invalid(f"/tiles3d/{name}: {error}") from error

    return read


def walk(read: Read, tileset: str = "city") -> Iterator[Found]:
    """Every model of a published tileset, parents first."""
    document = json.loads(read(f"{tileset}/tileset.json"))
    yield from _below(read, document["root"], "../c/", (), 0)


def _below(read: Read, tile: dict[str, Any], prefix: str, path: tuple[str, ...], depth: int) -> Iterator[Found]:
    uri = tile.get("content", {}).get("uri", "")
    children = tile.get("children", [])
    if uri and not uri.startswith(prefix):
        raise Invalid(f"{uri}: expected a content under {prefix}")
    name = uri.removeprefix(prefix)
    if name:
        path = (*path, name)
    if name.endswith(".json"):
        nested = json.loads(read(f"c/{name}"))
        yield from _below(read, nested["root"], "", path, depth)
        return
    if name:
        yield Found(name, path, depth, not children)
    for child in children:
        yield from _below(read, child, prefix, path, depth + bool(name))


def size(tiles: Path, name: str) -> int:
    """How many bytes a content takes as it lies on the disk and goes over the line: gzipped."""
    return (tiles / "c" / f"{name}.gz").stat().st_size
