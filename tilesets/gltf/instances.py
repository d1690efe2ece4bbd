"""Writes one GLB of instances: a few small meshes, each drawn many times over, and an attribute table of what they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.types import FloatArray, IntArray
from tilesets.gltf import glb as gltf
from tilesets.gltf import metadata as gltf_metadata
from tilesets.gltf.materials import Material, Materials, Transform
from tilesets.gltf.metadata import Json, PropertyTable
from tilesets.gltf.views import ARRAY, ELEMENTS, MESHOPT, Views
from tilesets.spec import GENERATOR

INSTANCING = "EXT_mesh_gpu_instancing"
INSTANCE_FEATURES = "EXT_instance_features"

_BYTE, _UNSIGNED_BYTE, _SHORT, _UNSIGNED_SHORT, _UNSIGNED_INT, _FLOAT = 5120, 5121, 5122, 5123, 5125, 5126
_STEPS = 32767
_SHARES = 65535
LEAVES = Material(roughness=1.0, is_double_sided=True)
"""Of patterns: leaves are thin, both of their sides are seen."""
LEAF = 250
"""The alpha of leaves' vertex colours. Their material is opaque, so none shows through (glTF 2.0, clause 3.9.4): it tells a
client that wants to draw foliage where there is some.
"""
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A mesh to be repeated, metres about its foot, z up.

    position, normal: (v, 3); colour: (v, 4) linear, the last 255 or, where leaves are, `LEAF`; triangles: (t, 3).
    """

    position: FloatArray
    normal: FloatArray
    colour: npt.NDArray[np.uint8]
    triangles: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """A pattern and its instances (n) in the axes of a tile.

    place: (n, 3) metres from the tile's origin; turn: (n,) radians counter-clockwise about the vertical; scale: (n, 3)
    along the pattern's own axes; feature: (n,) rows of the attribute table.
    """

    pattern: Pattern
    place: FloatArray
    turn: FloatArray
    scale: FloatArray
    feature: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Triangles (t, 3) of a sheet, of one material. side_m: how much ground its picture shows, None where it has none."""

    triangles: IntArray
    material: Material
    side_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What lies on the ground, drawn once, in the axes of a tile.

    position, normal: (v, 3) metres; colour: (v, 3) linear; feature: (v,) rows of its attribute table; place: (v, 2) metres
    east and north, that pictures are laid by.
    """

    position: FloatArray
    normal: FloatArray
    colour: npt.NDArray[np.uint8]
    feature: IntArray
    place: FloatArray
    patches: tuple[Patch, ...]


def quaternions(turn: FloatArray) -> npt.NDArray[np.float32]:
    """Unit quaternions (n, 4), x y z w, of turns (n,) about the vertical.

    >>> quaternions(np.array([0.0, np.pi])).round(6).tolist()
    [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]]
    """
    half, none = np.asarray(turn) / 2.0, np.zeros(len(turn))
    return np.column_stack([none, none, np.sin(half), np.cos(half)]).astype(np.float32)


def encode(
    parts: Sequence[Repeated],
    table: PropertyTable | None,
    pose: FloatArray,
    ground: tuple[Sheet, PropertyTable] | None = None,
) -> bytes:
    """The GLB of repeated patterns, and of what lies on the ground beneath them: the same parts, the same bytes.

    pose: (4, 4) from the tile's axes to earth-centred ones. table: of the patterns, None where there are none. Raises
    ValueError for more than 65,536 features.
    """
    tables = _identified(table, None if ground is None else ground[1])
    writer = _Writer(compress=ground is not None)  # a few small meshes alone come out smaller as they are
    writer.materials.number(LEAVES)
    meshes = [writer.mesh(part.pattern) for part in parts]
    nodes = [writer.node(mesh, part, tables[0].count) for mesh, part in enumerate(parts)]
    if ground is not None:
        nodes.append({"mesh": len(meshes), "scale": [steps(ground[0].position)[1]] * 3})
        meshes.append(writer.sheet(*ground, len(tables) - 1))
    metadata = {
        "schema": gltf_metadata.schema(*tables),
        "propertyTables": [gltf._property_table(one, writer.views) for one in tables],
    }
    needed = [gltf.QUANTIZATION, *([MESHOPT] if writer.views.compress else [])]
    needed += [*([INSTANCING] if parts else []), *writer.materials.extensions()]
    told = [*([INSTANCE_FEATURES] if parts else []), *([gltf.FEATURES] if ground is not None else []), gltf.METADATA]
    document: Json = {
        "asset": {"version": "2.0", "generator": GENERATOR},
        "extensionsUsed": [*needed, *told],
        "extensionsRequired": needed,
        "extensions": {gltf.METADATA: metadata},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"matrix": (gltf._Y_UP @ pose).T.ravel().tolist(), "children": list(range(1, len(nodes) + 1))},
            *nodes,
        ],
        "meshes": meshes,
        **writer.materials.document(),
        "accessors": writer.accessors,
        "bufferViews": writer.views.entries,
        "buffers": writer.views.buffers(),
    }
    return gltf._container(document, writer.views.data())


def _identified(*tables: PropertyTable | None) -> list[PropertyTable]:
    found = [one for one in tables if one is not None]
    for one in found:
        if one.count > 2**16:
            raise ValueError(f"{one.count} features in one tile; at most 65,536 have ids")
    return found


def steps(position: FloatArray) -> tuple[npt.NDArray[np.int16], float]:
    """Positions (v, 3) as shares of the farthest coordinate, in 32,767 steps to either side, and that coordinate, metres.

    One unit for all axes keeps angles true; what is drawn of them is drawn that much larger.
    """
    unit = float(np.abs(position).max())
    return np.round(position / unit * _STEPS).astype(np.int16), unit


class _Writer:
    """Collects the accessors and buffer views of a document."""

    def __init__(self, *, compress: bool) -> None:
        self.views = Views(compress=compress)
        self.materials = Materials(self.views)
        self.accessors: list[Json] = []

    def mesh(self, pattern: Pattern) -> Json:
        """One pattern as a mesh of one primitive."""
        value, _ = steps(pattern.position)
        limits = {"min": value.min(axis=0).tolist(), "max": value.max(axis=0).tolist()}
        attributes = {
            "POSITION": self._rows(value, _SHORT, limits | {"normalized": True}),
            "NORMAL": self._rows(gltf.byte_normals(pattern.normal), _BYTE, {"normalized": True}),
            "COLOR_0": self._rows(pattern.colour, _UNSIGNED_BYTE, {"normalized": True}),
        }
        indices = pattern.triangles.astype(np.uint16)
        entry = {"bufferView": self.views.stream(indices, ELEMENTS), "componentType": _UNSIGNED_SHORT, "type": "SCALAR"}
        indexed = self._add(entry | {"count": indices.size})
        return {"primitives": [{"attributes": attributes, "indices": indexed, "material": 0}]}

    def sheet(self, sheet: Sheet, table: PropertyTable, number: int) -> Json:
        """What lies on the ground as a mesh of one primitive a material, its attributes in the table of that number."""
        value, _ = steps(sheet.position)
        limits = {"min": value.min(axis=0).tolist(), "max": value.max(axis=0).tolist()}
        rows = np.zeros((len(value), 2), dtype=np.uint16)
        rows[:, 0] = sheet.feature
        identity = {"bufferView": self.views.stream(rows, ARRAY), "componentType": _UNSIGNED_SHORT, "type": "SCALAR"}
        attributes = {
            "POSITION": self._rows(value, _SHORT, limits | {"normalized": True}),
            "NORMAL": self._rows(gltf.byte_normals(sheet.normal), _BYTE, {"normalized": True}),
            "COLOR_0": self._rows(sheet.colour, _UNSIGNED_BYTE, {"normalized": True}),
            "_FEATURE_ID_0": self._add(identity | {"count": len(rows)}),
        }
        low = np.floor(sheet.place.min(axis=0))
        span = np.maximum(np.ceil(sheet.place.max(axis=0)) - low, 1.0)
        shares = np.round((sheet.place - low) / span * _SHARES).astype(np.uint16)
        laid = {"bufferView": self.views.stream(shares, ARRAY), "componentType": _UNSIGNED_SHORT, "normalized": True}
        of_picture = attributes | {"TEXCOORD_0": self._add(laid | {"count": len(shares), "type": "VEC2"})}
        told = {"featureIds": [{"featureCount": table.count, "attribute": 0, "propertyTable": number}]}
        primitives = []
        for patch in sheet.patches:
            side, transform = patch.side_m, None
            if side is not None:
                transform = Transform(tuple((low / side % 1.0).tolist()), tuple((span / side).tolist()))
            primitives.append(
                {
                    "attributes": attributes if side is None else of_picture,
                    "indices": self._indices(patch.triangles),
                    "material": self.materials.number(patch.material, transform),
                    "extensions": {gltf.FEATURES: told},
                }
            )
        return {"primitives": primitives}

    def _indices(self, triangles: IntArray) -> int:
        indices = triangles.astype(np.uint32)
        entry = {"bufferView": self.views.stream(indices, ELEMENTS), "componentType": _UNSIGNED_INT, "type": "SCALAR"}
        return self._add(entry | {"count": indices.size})

    def node(self, mesh: int, part: Repeated, features: int) -> Json:
        """One mesh with its instances."""
        _, unit = steps(part.pattern.position)
        attributes = {
            "TRANSLATION": self._instances(part.place.astype(np.float32), _FLOAT, "VEC3"),
            "ROTATION": self._instances(quaternions(part.turn), _FLOAT, "VEC4"),
            "SCALE": self._instances((part.scale * unit).astype(np.float32), _FLOAT, "VEC3"),
            "_FEATURE_ID_0": self._instances(part.feature.astype(np.uint16), _UNSIGNED_SHORT, "SCALAR"),
        }
        told = {"featureIds": [{"featureCount": features, "attribute": 0, "propertyTable": 0}]}
        return {"mesh": mesh, "extensions": {INSTANCING: {"attributes": attributes}, INSTANCE_FEATURES: told}}

    def _rows(self, rows: npt.NDArray[np.generic], component: int, extra: Json) -> int:
        """Vertex rows (v, 3 or 4), padded to a multiple of four bytes."""
        wide = np.zeros((len(rows), 4), dtype=rows.dtype)
        wide[:, : rows.shape[1]] = rows
        entry = {
            "bufferView": self.views.stream(wide, ARRAY),
            "componentType": component,
            "type": f"VEC{rows.shape[1]}",
        }
        return self._add(entry | {"count": len(rows)} | extra)

    def _instances(self, rows: npt.NDArray[np.generic], component: int, shape: str) -> int:
        entry = {"bufferView": self.views.plain(np.ascontiguousarray(rows).tobytes()), "componentType": component}
        return self._add(entry | {"count": rows.size // _WIDTHS[shape], "type": shape})

    def _add(self, entry: Json) -> int:
        self.accessors.append(entry)
        return len(self.accessors) - 1
