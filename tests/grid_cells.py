"""Tilesets whose tiles say their grid cell (`extras.cell`: depth/x/y), as the export of implicit tilesets asks for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Transformer

from tests.glb import parse
from tests.sample_city import CRS
from tests.tileset_walk import Memory
from tilesets.publish import FolderSink

_TO_LONLAT = Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
_TO_GRID = Transformer.from_crs("EPSG:4490", CRS, always_xy=True)
_HALF_CELL_M = 32


def with_cells(sink: Memory, tileset: str = "city") -> Memory:
    """The same tileset with the cells told; as it is where they are told already."""
    told = Memory({name: data for name, data in sink.contents.items() if name.endswith(".glb")})
    document = json.loads(sink.roots[tileset])
    _tell(document["root"], sink, told, "../c/")
    told.roots[tileset] = json.dumps(document, separators=(",", ":")).encode()
    return told


def lay(sink: Memory, folder: Path) -> Path:
    """Writes what a sink holds as it lies on disk."""
    target = FolderSink(folder)
    for name, data in sink.contents.items():
        target.put("json" if name.endswith(".json") else "glb", data)
    for tileset, data in sink.roots.items():
        target.publish(tileset, data)
    return folder


def cell_of(glb: bytes) -> tuple[int, int, int]:
    """Depth, x and y of the cell in whose middle the axes of a model stand."""
    matrix = np.array(parse(glb).document["nodes"][0]["matrix"]).reshape(4, 4).T
    x, z, y = matrix[0, 3], matrix[1, 3], -matrix[2, 3]
    lon, lat, _ = _TO_LONLAT.transform(x, y, z)
    east, north = (round(value / _HALF_CELL_M) for value in _TO_GRID.transform(lon, lat))
    depth = (east & -east).bit_length() - 1  # a middle is an odd number of half sides
    assert depth == (north & -north).bit_length() - 1
    return depth, east >> (depth + 1), north >> (depth + 1)


def _tell(tile: dict[str, Any], sink: Memory, told: Memory, prefix: str) -> None:
    uri = tile.get("content", {}).get("uri", "")
    name = uri.removeprefix(prefix)
    if name.endswith(".glb") and "cell" not in tile.get("extras", {}):
        tile["extras"] = {"cell": "/".join(map(str, cell_of(sink.contents[name])))}
    if name.endswith(".json"):
        nested = json.loads(sink.contents[name])
        _tell(nested["root"], sink, told, "")
        tile["content"]["uri"] = prefix + told.put("json", json.dumps(nested, separators=(",", ":")).encode())
    for child in tile.get("children", []):
        _tell(child, sink, told, prefix)
