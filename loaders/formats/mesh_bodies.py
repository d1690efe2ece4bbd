"""Bodies out of the parts of mesh models: flat faces, and what each is of by its slope."""

from collections.abc import Sequence

import numpy as np
import shapely

from cim.boundary import PICTURE, Boundary
from cim.types import FloatArray, ObjectArray, Surface
from loaders.formats.mesh_parts import Material, Part
from loaders.formats.pictures import Picture
from loaders.formats.planar_faces import planar_faces, slopes

# The project's own defaults: a surface within ten degrees of upright is a wall; what faces down is the ground where it
# lies within half a metre of the body's lowest point, else the underside of something.
_STEEP = float(np.sin(np.radians(10.0)))
_GROUND_M = 0.5

Drawn = tuple[Picture, list[list[float]]]


def body(parts: Sequence[Part], *, above_base: bool) -> Boundary | None:
    """The body that parts (corners in metres, z up) make up; None where no face of them has an area.

    Faces are put together where they are flat. A closed body becomes a Solid, turned right side out. What each surface is
    of is inferred from its slope, and the notes say so. above_base: heights count from the body's lowest point.
    """
    polygons, colours, drawn = _faces(parts)
    if not polygons:
        return None
    shapes: ObjectArray = np.array([*polygons, None], dtype=object)[:-1]
    closed, volume = _closed(shapes)
    if closed and volume < 0.0:
        shapes = np.array([_reversed(one) for one in shapes.tolist()], dtype=object)
        drawn = [None if one is None else (one[0], [one[1][0], *one[1][:0:-1]]) for one in drawn]
    at = shapely.get_coordinates(shapes, include_z=True)
    if above_base:
        at[:, 2] -= at[:, 2].min()
        shapes = shapely.set_coordinates(shapes, at)
    materials = list(dict.fromkeys(colour for colour in colours if colour is not None))
    return Boundary(
        shapes,
        _surfaces(shapes),
        "Solid" if closed else "MultiSurface",
        ((len(shapes),),) if closed else (),
        above_base,
        {"surfaces_inferred": True},
        {**_appearance(colours, materials), **_textures(drawn)},
    )


def _faces(parts: Sequence[Part]) -> tuple[list[shapely.Polygon], list[Material | None], list[Drawn | None]]:
    """Faces put together where they are flat; those that show a picture stay as they came, each with its corners there."""
    polygons: list[shapely.Polygon] = []
    colours: list[Material | None] = []
    drawn: list[Drawn | None] = []
    for part in parts:
        corners = [list(ring) for ring in part.rings]
        found: list[shapely.Polygon] = []
        if part.picture is not None:
            corners = part.triangles.tolist() + corners
        elif len(part.triangles):
            found = planar_faces(part.at, part.triangles)
        drawn += [None] * len(found)
        rings = [shapely.Polygon(part.at[ring]) for ring in corners]
        for face, ring, real in zip(rings, corners, slopes(rings)[1].tolist() if rings else (), strict=True):
            if real:
                found.append(face)
                drawn.append(_shown(part, ring))
        polygons += found
        colours += [part.material] * len(found)
    return polygons, colours, drawn


def _shown(part: Part, ring: list[int]) -> Drawn | None:
    if part.picture is None or part.uv is None:
        return None
    return part.picture, part.uv[ring].round(6).tolist()


def _reversed(face: shapely.Polygon) -> shapely.Polygon:
    return shapely.Polygon(face.exterior.coords[::-1], [ring.coords[::-1] for ring in face.interiors])


def _closed(shapes: ObjectArray) -> tuple[bool, float]:
    """Whether every edge has its opposite once, and the volume then enclosed (negative: inside out)."""
    rings, owner = shapely.get_rings(shapes, return_index=True)
    at, ring = shapely.get_coordinates(rings, include_z=True, return_index=True)
    _, place = np.unique(at, axis=0, return_inverse=True)
    place = place.ravel()
    onward = np.flatnonzero(ring[1:] == ring[:-1])
    start, end = place[onward], place[onward + 1]
    count = int(place.max()) + 1
    key, back = np.sort(start * count + end), np.sort(end * count + start)
    if not np.array_equal(key, back) or (np.diff(key) == 0).any():
        return False, 0.0
    local = at - at[0]
    first = np.searchsorted(ring, ring[onward])
    across = np.cross(local[onward] - local[first], local[onward + 1] - local[first])
    area = np.column_stack([np.bincount(owner[ring[onward]], weights=c, minlength=len(shapes)) for c in across.T])
    begin = local[np.searchsorted(owner[ring], np.arange(len(shapes)))]
    return True, float(np.sum(begin * area)) / 6.0


def _surfaces(shapes: ObjectArray) -> np.ndarray:
    up = slopes(shapes.tolist())[0]
    bounds_z = np.array([shapely.get_coordinates(one, include_z=True)[:, 2].max() for one in shapes])
    low = float(shapely.get_coordinates(shapes, include_z=True)[:, 2].min())
    code = np.full(len(shapes), Surface.wall, dtype=np.uint8)
    code[up > _STEEP] = Surface.roof
    code[up < -_STEEP] = Surface.overhang
    code[(up < -_STEEP) & (bounds_z <= low + _GROUND_M)] = Surface.ground
    return code


def _appearance(colours: Sequence[Material | None], materials: Sequence[Material]) -> dict[str, object]:
    """As CityJSON says it (clause 4.1): materials, and which of them each surface has."""
    if not materials:
        return {}
    number = {material: place for place, material in enumerate(materials)}
    told = [
        {"name": name or f"material {place}", "diffuseColor": list(rgb)} for place, (name, rgb) in enumerate(materials)
    ]
    return {"materials": told, "material": {"": [None if colour is None else number[colour] for colour in colours]}}


def _textures(drawn: Sequence[Drawn | None]) -> dict[str, object]:
    """As CityJSON says it (clause 6.2), one ring a surface, and the pictures themselves."""
    pictures = list(dict.fromkeys(one[0] for one in drawn if one is not None))
    if not pictures:
        return {}
    number = {picture: place for place, picture in enumerate(pictures)}
    told = [{"type": one.kind, "image": one.name, "wrapMode": "wrap", PICTURE: one.packed} for one in pictures]
    return {
        "textures": told,
        "texture": {"": [None if one is None else [[number[one[0]], one[1]]] for one in drawn]},
    }


def upright(at: FloatArray, up: str, unit_m: float) -> FloatArray:
    """Corners (v, 3) in metres with z up, whatever axis was.

    >>> upright(np.array([[1.0, 2.0, 3.0]]), "y", 1.0).tolist()
    [[1.0, -3.0, 2.0]]
    """
    metres = at * unit_m
    return np.column_stack([metres[:, 0], -metres[:, 2], metres[:, 1]]) if up == "y" else metres
