"""A client that holds a tileset and hears of a new root: it fetches what it has not got, and nothing else."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.bench import tiletree
from tests.bench.line import Invalid
from tests.bench.tiletree import Read
from tests.glb import parse

_NAME_LENGTH = 32  # hexadecimal digits of SHA-256 in a content's name


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a new root brought: the contents that were new, and of the wanted building the models that hold it.

    depth: refinements from the root to the finest of them; heights: of the building, from the coarsest to the finest.
    """

    new: dict[str, bytes]
    depth: int
    heights: tuple[float, ...]


def names(read: Read) -> frozenset[str]:
    """Every content that the published root leads to."""
    return frozenset(name for found in tiletree.walk(read) for name in found.path)


def follow(read: Read, held: frozenset[str], heights: Callable[[bytes], list[float]]) -> Fetched:
    """Fetch what the root of now leads to and is not held. heights: what a model says of the wanted building.

    Raises Invalid where a content's name is not its hash's.
    """
    new: dict[str, bytes] = {}
    document = json.loads(read("city/tileset.json"))
    holding: list[tuple[int, float]] = []
    waiting: list[tuple[dict[str, Any], str, int]] = [(document["root"], "../c/", 0)]
    while waiting:
        tile, prefix, depth = waiting.pop()
        name = tile.get("content", {}).get("uri", "").removeprefix(prefix)
        if name and name not in held and name not in new:
            new[name] = _fetched(read, name)
            if name.endswith(".json"):
                waiting.append((json.loads(new[name])["root"], "", depth))
            else:
                holding += [(depth, height) for height in heights(new[name])]
        is_model = name.endswith(".glb")
        waiting += [(child, prefix, depth + is_model) for child in tile.get("children", [])]
    holding.sort()
    return Fetched(new, holding[-1][0] if holding else 0, tuple(height for _, height in holding))


def _fetched(read: Read, name: str) -> bytes:
    data = read(f"c/{name}")
    if hashlib.sha256(data).hexdigest()[:_NAME_LENGTH] != name.partition(".")[0]:
        raise Invalid(f"{name} is not named by its bytes")
    return data


def heights_in(data: bytes, *, building: int) -> list[float]:
    """The height of a building in a model's table; nothing where the model has no such building."""
    table = parse(data).table()
    if "lod" not in table or (np.asarray(table["lod"]) < 1.0).any():
        return []  # blocks, not buildings
    return [float(value) for value in np.asarray(table["height"])[np.asarray(table["id"]) == building]]
