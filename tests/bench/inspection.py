"""What a built tileset must be before its time counts: every building once at the finest level, valid, true to size."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from cim.types import FloatArray, IntArray
from tests.bench import readers, tiletree
from tests.bench.ground import rows
from tests.bench.line import Invalid
from tests.bench.prisms import placed
from tests.bench.tiletree import Found
from tests.bench.workshop import Workshop, buildings
from tests.glb import Glb, decompressed, parse

_SAMPLE = 12
_PROPERTIES = {"id", "height", "use", "cim_level", "lod", "source", "is_synthetic", "accuracy"}
_LATTICE_M = 1.0 / 64.0
_HEIGHT_M = 0.01  # by how much a height in a table may be rounded


@dataclass(frozen=True, slots=True)
class Built:
    """A tileset that holds what it must. bytes: gzipped bytes of the finest models; depth: refinements from the root."""

    models: int
    finest: int
    bytes: int
    largest: int
    depth: int


def inspect(shop: Workshop) -> Built:
    """Read a whole tileset back. Raises Invalid with what is wrong.

    All finest models: their ids and heights against the store. A sample: Khronos' validator on the models as they are
    and decompressed, property tables, plan areas and tops of the meshes.
    """
    read = tiletree.folder(shop.tiles)
    models = list(tiletree.walk(read))
    finest = [found for found in models if found.is_finest]
    if not finest:
        raise Invalid("the tileset is empty")
    _each_once(shop, [parse(read(f"c/{found.name}")) for found in finest])
    size = [tiletree.size(shop.tiles, found.name) for found in finest]
    _sample(shop, _chosen(models, finest, size))
    return Built(len(models), len(finest), sum(size), max(size), max(found.depth for found in models))


def _each_once(shop: Workshop, glbs: list[Glb]) -> None:
    """Raise Invalid unless the ids are the store's, each once, with the store's heights, and each id has a mesh."""
    wanted = buildings(shop)
    tables = [glb.table() for glb in glbs]
    found = np.concatenate([table["id"] for table in tables])
    height = np.concatenate([table["height"] for table in tables])
    if len(found) != len(wanted) or set(found.tolist()) != wanted.keys():
        raise Invalid(f"{len(wanted):,} buildings in the store, {len(found):,} at the finest level, or other ones")
    if (np.abs(height - np.array([wanted[key] for key in found.tolist()])) > _HEIGHT_M).any():
        raise Invalid("heights at the finest level are not the store's")
    for glb, table in zip(glbs, tables, strict=True):
        drawn = np.unique(glb.attribute("_FEATURE_ID_0"))
        if len(drawn) != len(table["id"]):
            raise Invalid(f"a model has {len(table['id'])} rows and draws {len(drawn)} of them")


def _chosen(models: list[Found], finest: list[Found], size: list[int]) -> list[Found]:
    """The largest and the smallest of the finest models, the root, and some more by chance."""
    order = np.argsort(size, kind="stable")
    chance = np.random.default_rng(5).permutation(len(models))[:_SAMPLE]
    chosen = [finest[order[0]], finest[order[-1]], models[0], *(models[k] for k in chance.tolist())]
    return list({found.name: found for found in chosen}.values())[:_SAMPLE]


def _sample(shop: Workshop, chosen: list[Found]) -> None:
    read = tiletree.folder(shop.tiles)
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for found in chosen:
            data = read(f"c/{found.name}")
            for kind, content in (("packed", data), ("plain", decompressed(data))):
                files.append(Path(folder) / f"{kind}-{found.name}")
                files[-1].write_bytes(content)
            if found.is_finest:
                _true_to_size(shop, parse(data))
        readers.validate(files)


def _true_to_size(shop: Workshop, glb: Glb) -> None:
    """Raise Invalid unless each building of a model has its attributes, its footprint's area and its height."""
    table = glb.table()
    if missing := _PROPERTIES - table.keys():
        raise Invalid(f"the finest models lack {', '.join(sorted(missing))}")
    if (
        any("NORMAL" not in one["attributes"] for one in glb.primitives())
        or "EXT_meshopt_compression" not in glb.document["extensionsUsed"]
    ):
        raise Invalid("the finest models are without normals, or not compressed by meshopt")
    ids = table["id"]
    query = """SELECT building_id, ST_Area(footprint), ST_Perimeter(footprint), height_m, name
               FROM cim.current_body WHERE building_id = ANY(%(ids)s)"""
    known = {row[0]: row[1:] for row in rows(shop.url, query, {"ids": ids.tolist()})}
    area, border, height = np.array([known[key][:3] for key in ids.tolist()], dtype=float).T
    drawn, tall = _roofs(glb, len(ids))
    if (np.abs(drawn - area) > 2.0 * _LATTICE_M * border + 0.05).any():
        raise Invalid("roofs at the finest level have not the areas of their footprints")
    if (tall < height - 0.1).any():
        raise Invalid("walls at the finest level are shorter than their buildings are high")
    if "name" in table and list(table["name"]) != [known[key][3] or "" for key in ids.tolist()]:
        raise Invalid("names at the finest level are not the store's")


def _roofs(glb: Glb, count: int) -> tuple[FloatArray, FloatArray]:
    """Of each feature: the plan area of its triangles that look up, and how far it reaches from its foot to its top."""
    feature: IntArray = glb.attribute("_FEATURE_ID_0").astype(np.int64)
    plan, _, height = placed(glb.ecef())
    triangles = glb.triangles()
    area = shapely.area(shapely.polygons(plan[triangles]))
    a, b, c = (plan[triangles[:, k]] for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    level = np.ptp(height[triangles], axis=1) < 0.5
    roofs = (turn > 0) & level
    top, foot = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(top, feature, height)
    np.minimum.at(foot, feature, height)
    drawn = np.bincount(feature[triangles[roofs, 0]], weights=area[roofs], minlength=count)
    return drawn.astype(np.float64), top - foot
