"""Mesh models (glTF, OBJ, COLLADA): each object of a file is the body of one building; where it stands its owner states."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from cim import crs as frames
from cim.errors import BadInput, BadSource, MissingCrs
from cim.plugins import Anchor, Batch, Source, SourceFormat
from cim.source_entry import anchor_table
from cim.types import FloatArray
from loaders.formats.footprint import footprint
from loaders.formats.mesh_bodies import body, upright
from loaders.formats.mesh_parts import MOST_BYTES, Model, Part, refuse_absurd

USUAL_LOD = 3.0
"""What a mesh model is taken for where nobody says otherwise."""

BATCH_ROWS = 200
"""Each body goes into the store with the pictures that it shows: so many at once; the project's own default."""

_FOLDED = ("building", "id")
_GRID_M = 0.001  # numbers in single precision miss each other by less; the project's own default


@dataclass(frozen=True, slots=True)
class MeshModel:
    """One of the formats. Objects become records with columns id, node (the object's name), lod and boundary."""

    name: str
    suffixes: tuple[str, ...]
    marks: tuple[bytes, ...]
    reader: str

    def sniff(self, head: bytes, name: str) -> bool:
        """By the ending, and by the first bytes where the format has such."""
        begins = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        return name.lower().endswith(self.suffixes) and (not self.marks or begins.startswith(self.marks))

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to `BATCH_ROWS` objects of the file, in the order of their names; the whole file is one object where
        the owner states a `building` or an `id` for it. Objects whose faces cover nothing in plan have no geometry.

        Raises BadSource for a file that cannot be read, holds too much or refers to others, MissingCrs where nobody says
        where the model stands.
        """
        path = Path(source.location)
        try:
            size = path.stat().st_size
            if size > MOST_BYTES:
                raise BadSource(f"{path}: {size:,} bytes; a mesh model of at most {MOST_BYTES:,} is read as a whole")
            model: Model = importlib.import_module(self.reader).read(path)  # libraries that take a second to import
        except OSError as error:
            raise BadSource(f"{path}: cannot be read: {error.strerror}") from error
        refuse_absurd(model.parts, str(path))
        crs, stand = _standing(source)
        up = source.up or model.up
        if up is None:
            raise BadSource(
                f'{path}: does not say which axis points up; write `up = "y"` or `up = "z"` in the city file, or --up y or z'
            )
        standing = [replace(p, at=stand(upright(p.at, up, model.unit_m))) for p in model.parts]
        frame = _frame(_objects(standing, source, path), source)
        for begin in range(after, len(frame), BATCH_ROWS):
            part = frame.iloc[begin : begin + BATCH_ROWS]
            told = () if begin else model.issues
            yield Batch(part, crs, issues=told, last_row=begin + len(part), records=len(frame))

    def standing(self, source: Source) -> Iterator[tuple[str, str]]:
        """What is taken of where a model of this format stands: (topic, a sentence)."""
        if source.anchor is None:
            yield "anchor", f"none: its corners are taken for coordinates of {source.crs}"
        else:
            words = ", ".join(f"{key} {value:.12g}" for key, value in anchor_table(source.anchor).items())
            floor = "" if source.anchor.z is not None else "; without z each body stands on the ground that is served"
            yield "anchor", f"{words}{floor}"
        yield "up", f"{source.up}, as stated" if source.up else f"as {self.name} or the file says"


GLTF = MeshModel("glTF", (".glb", ".gltf"), (b"glTF", b"{"), "loaders.formats.gltf_parts")
OBJ = MeshModel("OBJ", (".obj",), (), "loaders.formats.obj_parts")
COLLADA = MeshModel("COLLADA", (".dae",), (b"<",), "loaders.formats.dae_parts")


def _standing(source: Source) -> tuple[str, Callable[[FloatArray], FloatArray]]:
    """The CRS that bodies come out in, and the way of corners (v, 3, metres, z up) there.

    Without an anchor the corners are coordinates of the stated CRS. Raises MissingCrs, BadSource.
    """
    anchor = source.anchor
    if anchor is None and source.crs is None:
        raise MissingCrs(
            f"{source.location}: a mesh does not say where it stands; write `anchor = {{ lon = ..., lat = ..., z = ... }}` "
            "(or x, y and their `crs`) beside it in the city file, or --anchor lon=...,lat=...,z=...; or the `crs` that its "
            "coordinates are in"
        )
    if anchor is None:
        if frames.is_geographic(str(source.crs)):
            raise BadSource(
                f"{source.location}: {source.crs} is in degrees; a mesh is in metres: state a projected CRS"
            )
        return str(source.crs), lambda at: at
    crs, origin, turn = _origin(anchor, source)
    cos, sin = np.cos(turn), np.sin(turn)
    way = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return crs, lambda at: at @ way + origin


def _origin(anchor: Anchor, source: Source) -> tuple[str, FloatArray, float]:
    """The metric CRS round an anchor, where it lies there, and by how much (radians, anticlockwise) the model is turned."""
    turn, z = np.radians(anchor.turn_deg), anchor.z or 0.0
    if not anchor.is_lonlat:
        if source.crs is None or frames.is_geographic(source.crs):
            raise MissingCrs(f"{source.location}: its anchor has x and y; state the projected `crs` that they are in")
        return source.crs, np.array([anchor.x, anchor.y, z]), turn
    if source.city is None:
        raise BadInput(f"{source.location}: an anchor in degrees needs the city's frame")
    there = source.crs or frames.LONLAT
    if not frames.is_geographic(there):
        raise BadSource(f"{source.location}: its anchor is in degrees, but {there} is not")
    frame = source.city[1]
    at = frames.transform(np.array([[anchor.x, anchor.y], [anchor.x, anchor.y + 0.001]]), there, frame)
    if not np.isfinite(at).all():
        raise BadSource(f"{source.location}: its anchor {anchor.x:g}, {anchor.y:g} leads nowhere")
    east, north = at[1] - at[0]  # the model's y axis points to true north there, not to the grid's
    return frame, np.array([*at[0], z]), turn - float(np.arctan2(east, north))


def refuse_anchored(found: SourceFormat, source: Source, path: Path) -> None:
    """Raise BadInput where an anchor or an axis is stated for a file of another format: nobody would look at it."""
    if isinstance(found, MeshModel) or (source.anchor is None and source.up is None):
        return
    said = "an anchor (--anchor" if source.anchor is not None else "the axis that points up (--up"
    raise BadInput(f"{path.name}: is {found.name}; {said}) is said of mesh models only (glTF, OBJ, COLLADA)")


def _objects(parts: list[Part], source: Source, path: Path) -> dict[str, list[Part]]:
    """Parts by the record they belong to, in the order of the names."""
    if any(name in source.constants for name in _FOLDED):
        return {str(source.constants.get("id", path.stem)): parts}
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.name, []).append(part)
    return dict(sorted(found.items()))


def _frame(objects: dict[str, list[Part]], source: Source) -> gpd.GeoDataFrame:
    above = source.anchor is not None and source.anchor.z is None
    bodies = [body(parts, above_base=above) for parts in objects.values()]
    shapes: list[Any] = [None if one is None else footprint(one, grid=_GRID_M) for one in bodies]
    index = pd.RangeIndex(1, len(bodies) + 1)
    held = np.empty(len(bodies), dtype=object)
    held[:] = bodies
    columns = {
        "id": list(objects),
        "node": list(objects),
        "lod": [float(source.constants.get("lod", USUAL_LOD))] * len(bodies),
        "boundary": held,
    }
    geometry = gpd.GeoSeries(np.array([*shapes, None], dtype=object)[:-1], index=index)
    return gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=geometry)
