"""COLLADA (.dae), read by pycollada: what its XML refers to outside the file is refused before it is parsed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import collada
import defusedxml.ElementTree as safe_xml
import numpy as np
from collada.polylist import Polylist
from collada.scene import GeometryNode, Node
from collada.triangleset import TriangleSet
from defusedxml.common import DefusedXmlException

from cim.errors import BadSource
from cim.types import FloatArray
from loaders.formats import dae_pictures
from loaders.formats.mesh_parts import MOST_NODES, Material, Model, Part, own_corners, refuse_many, refuse_many_corners
from loaders.formats.pictures import Album

_DEEPEST = 64
_UPS = {"Y_UP": "y", "Z_UP": "z"}
_UNREAL = re.compile("nan|inf", re.IGNORECASE)
_FARTHEST_M = 65_536.0  # numbers are read in single precision, which is 4 mm there
_IGNORED = [collada.common.DaeUnsupportedError, collada.common.DaeBrokenRefError]


def read(path: Path) -> Model:
    """The model of a file: unit and upward axis as it says. Raises BadSource for XML with a document type, an entity or a
    reference to a part of it in another file, and for what is no COLLADA.
    """
    _refuse_hostile(path)
    try:
        document = collada.Collada(str(path), ignore=_IGNORED, aux_file_loader=lambda _: None)
        nodes = [] if document.scene is None else document.scene.nodes
        unit_m = float(document.assetInfo.unitmeter or 1.0)
        tally = _Tally(str(path), unit_m, Album(path.parent))
        parts = [part for node in nodes for part in _walk(node, np.eye(4), None, 0, tally)]
    except BadSource:
        raise
    except Exception as error:  # whatever a spoilt file makes the reader stumble over
        raise BadSource(f"{path}: cannot be read as COLLADA: {type(error).__name__}: {error}") from error
    issues = tuple(tally.album.issues)
    return Model(tuple(parts), _UPS.get(str(document.assetInfo.upaxis)), unit_m, issues)


def _refuse_hostile(path: Path) -> None:
    """Parse the XML once, with everything that reaches beyond it forbidden."""
    try:
        for _, element in safe_xml.iterparse(str(path), events=("end",), forbid_dtd=True):
            name = str(element.tag).rpartition("}")[2]
            if name == "float_array" and _UNREAL.search(element.text or ""):  # pycollada would take it for 0
                raise BadSource(f"{path}: a corner that is no number, in float_array {str(element.get('id'))[:60]!r}")
            if name in ("instance_geometry", "instance_node") and not str(element.get("url", "#")).startswith("#"):
                raise BadSource(
                    f"{path}: a part of it lies elsewhere ({str(element.get('url'))[:60]!r}); expected one file"
                )
    except DefusedXmlException:
        raise BadSource(f"{path}: its XML has a document type or entities, which may reach outside the file") from None
    except ParseError as error:
        raise BadSource(f"{path}: no XML: {error}") from error


@dataclass(slots=True)
class _Tally:
    """What has been walked through so far: nodes that show others twice, level by level, multiply without end."""

    name: str
    unit_m: float
    album: Album
    nodes: int = 0
    faces: int = 0
    corners: int = 0

    def node(self, depth: int) -> None:
        """Count a node. Raises BadSource for too many, or too deep a one."""
        self.nodes += 1
        if depth > _DEEPEST:
            raise BadSource(f"{self.name}: nodes nested more than {_DEEPEST} deep, or in a circle")
        if self.nodes > MOST_NODES:
            raise BadSource(f"{self.name}: more than {MOST_NODES:,} nodes, counted as often as they are shown")

    def mesh(self, faces: int, corners: int) -> None:
        """Count a mesh that is shown. Raises BadSource where all together are too much."""
        self.faces += faces
        self.corners += corners
        refuse_many(self.faces, self.name)
        refuse_many_corners(self.corners, self.name)


def _walk(node: Any, matrix: FloatArray, name: str | None, depth: int, tally: _Tally) -> Iterator[Part]:
    """The parts below a node; the topmost node gives the name."""
    tally.node(depth)
    if isinstance(node, GeometryNode):
        yield from _geometry(node, matrix, name or str(node.geometry.id), tally)
    elif isinstance(node, Node):
        own = name if name is not None else _name(node)
        for child in node.children or []:
            yield from _walk(child, matrix @ node.matrix, own, depth + 1, tally)


def _name(node: Any) -> str | None:
    """What a node is called: the name that people gave it, else its id."""
    told = node.xmlnode.get("name") or node.id
    return None if told is None else str(told)


def _geometry(node: Any, matrix: FloatArray, name: str, tally: _Tally) -> Iterator[Part]:
    materials = {bound.symbol: bound for bound in node.materials}
    turned = np.linalg.det(matrix[:3, :3]) < 0
    for primitive in node.geometry.primitives:
        faces = primitive.triangleset() if isinstance(primitive, Polylist) else primitive
        if not isinstance(faces, TriangleSet) or faces.vertex is None:
            continue
        triangles = np.asarray(faces.vertex_index, dtype=np.int64).reshape(-1, 3)
        tally.mesh(len(triangles), len(faces.vertex))
        if (
            len(triangles) and triangles.min() < 0
        ):  # pycollada looks at the highest alone; numpy would count from the end
            raise BadSource(f"{tally.name}: {name!r} has a face with a corner that is not there")
        at = np.asarray(faces.vertex, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        if len(at) and np.abs(at).max() * tally.unit_m > _FARTHEST_M:
            raise BadSource(
                f"{tally.name}: corners more than {_FARTHEST_M:,.0f} m from the origin, where COLLADA's numbers are too "
                "coarse; deliver it about an origin of its own, and state its anchor"
            )
        faced = triangles[:, ::-1] if turned else triangles
        bound = materials.get(faces.material)
        uv = dae_pictures.places(bound, faces)
        picture = None if uv is None else dae_pictures.picture(bound, tally.album)
        if uv is None or picture is None:
            yield own_corners(Part(name, at, faced, (), _material(getattr(bound, "target", None))))
            continue
        shown = (uv[:, ::-1] if turned else uv).reshape(-1, 2)  # each face with corners of its own
        corners = np.arange(3 * len(faced)).reshape(-1, 3)
        yield Part(name, at[faced.ravel()], corners, (), None, picture, shown)


def _material(target: Any) -> Material | None:
    colour = getattr(getattr(target, "effect", None), "diffuse", None)
    if not isinstance(colour, tuple) or len(colour) < 3:
        return None
    red, green, blue = (min(max(float(value), 0.0), 1.0) for value in colour[:3])
    return (str(getattr(target, "name", "") or target.id or ""), (red, green, blue))
