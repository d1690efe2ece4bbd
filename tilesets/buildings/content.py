"""The content of a tile of buildings: rows in, one GLB out, with what was found wrong on the way. Pure.

Coarse content is every building extruded; refined content gives L3 rows the roofs of their forms. The batch builder
and the server call the same `content`.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from cim import mesh as meshes
from cim.geometry import LATTICE_M, Rings, clean, rings, snap, wind
from cim.mesh import Mesh
from cim.roofs import raise_bodies
from cim.types import Bodies, BoolArray, CimLevel, FloatArray, IntArray, ObjectArray, RoofForm, Use
from tilesets.buildings.palette import colours
from tilesets.gltf import glb as gltf
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import Frame, grown, place
from tilesets.spec import Region

FOUNDATION_M = 1.5
"""How far walls reach below the base: more than the error of the coarser terrain meshes drawn together with them."""
FOUNDATION_SLOPE = 0.02
"""What is added to it per metre of the footprint's diagonal, for the ground's relief under it."""
OVERHANG_M = 0.5
"""How far traditional roofs reach beyond the walls, unless a tenth of the building's smaller side is less."""
COARSE_LOD = 1.0
ROOF_SIMPLIFIED = "roof_simplified"

_OVERHANGING = (RoofForm.gable, RoofForm.hip, RoofForm.hip_and_gable, RoofForm.pyramidal)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one building. code: stable, snake_case. repaired: what was done, None if it is not drawn."""

    id: int
    code: str
    message: str
    repaired: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """A GLB, the region that holds what it draws, how many features it has, and the flaws met; no region: nothing."""

    data: bytes
    region: Region | None
    count: int
    flaws: tuple[Flaw, ...] = ()


def flawed(rows: Bodies) -> tuple[BoolArray, tuple[Flaw, ...]]:
    """The rows (n,) that cannot be drawn whatever is done, and why: no footprint, no height, no ground."""
    kind = shapely.get_type_id(rows.geometry)
    tests = (
        ("no_footprint", ~np.isin(kind, (3, 6)) | shapely.is_empty(rows.geometry), "has no polygon for a footprint"),
        ("no_height", ~(np.isfinite(rows.height_m) & (rows.height_m > 0)), "has no height above zero"),
        ("no_ground", ~np.isfinite(rows.base_m), "stands where no ground height is known"),
    )
    bad = np.zeros(len(rows), dtype=np.bool_)
    flaws: list[Flaw] = []
    for code, found, message in tests:
        flaws += [Flaw(i, code, f"building {i} {message}") for i in rows.id[found & ~bad].tolist()]
        bad |= found
    return bad, tuple(flaws)


def estimate(rows: Bodies) -> IntArray:
    """About how many gzipped bytes each row (n,) adds to a tile; a function of the row alone."""
    corners = np.asarray(shapely.get_num_coordinates(rows.geometry), dtype=np.int64)
    return 24 + 11 * corners


def roof_error(rows: Bodies) -> float:
    """How wrong it is, in metres, to draw the L3 rows among these as blocks; 0 where there are none."""
    detailed = rows.cim_level == CimLevel.L3
    if not detailed.any():
        return 0.0
    rise = rows.height_m[detailed] - rows.eaves_m[detailed]
    return float(np.max(rise, initial=1.0, where=np.isfinite(rise)))


def content(rows: Bodies, undulation_m: FloatArray, frame: Frame, *, refined: bool) -> Content:
    """One tile's GLB.

    rows: the tile's buildings; those without footprint, height or base_m are left out with a Flaw. undulation_m: (n,)
    geoid above ellipsoid. refined: L3 rows get their roofs; otherwise everything is an L2 block.
    """
    bad, flaws = flawed(rows)
    good = np.flatnonzero(~bad)
    rows, undulation_m = rows.take(good), undulation_m[good]
    shape, damaged = _outlines(rows.geometry)
    if len(damaged):
        rows = replace(rows, geometry=_mended(rows.geometry, damaged))
        shape, lost = _outlines(rows.geometry)
        flaws += _mending_flaws(rows, damaged, lost)
        shape = shape.keep(~np.isin(shape.feature, lost))
    kept = np.unique(shape.feature)
    if len(kept) == 0:
        return Content(b"", None, 0, flaws)
    number = np.cumsum(np.bincount(kept, minlength=len(rows)) > 0) - 1
    shape = Rings(shape.xy, shape.start, shape.polygon, number[shape.feature])
    rows, undulation_m = rows.take(kept), undulation_m[kept]
    mesh, level, lod, simplified = _bodies(rows, shape, refined=refined)
    data, region = _encode(rows, mesh, undulation_m, frame, level, lod)
    return Content(data, region, len(rows), flaws + simplified)


# --- footprints ------------------------------------------------------------------------------------------------------


def _outlines(geometry: ObjectArray) -> tuple[Rings, IntArray]:
    """Footprints on the lattice, and the rows of which a polygon collapsed or cannot be triangulated."""
    raw = rings(geometry)
    shape = wind(clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature)))
    collapsed = np.setdiff1d(raw.feature, shape.feature)
    return shape, np.union1d(collapsed, np.unique(shape.feature[meshes.triangulate(shape).failed]))


def _mended(geometry: ObjectArray, damaged: IntArray) -> ObjectArray:
    """Footprints with the damaged ones made valid on the lattice; what is left of one may be nothing."""
    mended = geometry.copy()
    valid = shapely.make_valid(geometry[damaged], method="structure")
    parts, owner = shapely.get_parts(valid, return_index=True)
    areal = np.isin(shapely.get_type_id(parts), (3, 6))
    for k, row in enumerate(damaged.tolist()):
        mine = shapely.union_all(parts[areal & (owner == k)], grid_size=LATTICE_M)
        mended[row] = mine if shapely.get_type_id(mine) in (3, 6) else shapely.Polygon()
    return mended


def _mending_flaws(rows: Bodies, damaged: IntArray, lost: IntArray) -> tuple[Flaw, ...]:
    empty = np.flatnonzero(shapely.is_empty(rows.geometry))
    gone = set(lost.tolist()) | set(empty.tolist())
    return tuple(
        Flaw(i, "footprint_collapsed", f"building {i} has a footprint of no area, or one that crosses itself")
        if row in gone
        else Flaw(i, "footprint_mended", f"building {i} has a footprint that crosses itself", "made valid")
        for row, i in zip(damaged.tolist(), rows.id[damaged].tolist(), strict=True)
    )


# --- bodies ----------------------------------------------------------------------------------------------------------


def _bodies(rows: Bodies, shape: Rings, *, refined: bool) -> tuple[Mesh, np.ndarray, np.ndarray, tuple[Flaw, ...]]:
    """The mesh of all rows, and the level and lod each is drawn at."""
    low, high = heights(rows)
    detailed = (rows.cim_level == CimLevel.L3) & refined
    level = np.where(detailed, CimLevel.L3, CimLevel.L2).astype(np.uint8)
    lod = np.where(detailed == (rows.cim_level == CimLevel.L3), rows.lod, COARSE_LOD).astype(np.float32)
    if not detailed.any():
        return meshes.extrude(shape, low, high)[0], level, lod, ()
    eaves = np.where(np.isfinite(rows.eaves_m), rows.eaves_m, rows.height_m)
    eaves = snap(rows.base_m + np.clip(eaves, 0.0, rows.height_m))
    form = np.where(detailed, rows.roof_form, RoofForm.flat).astype(np.uint8)
    body = raise_bodies(shape, low, eaves, high, form, _overhang(rows))
    roofless = (body.form == RoofForm.flat) & (form != RoofForm.flat)
    level[roofless], lod[roofless] = CimLevel.L2, COARSE_LOD
    flaws = tuple(
        Flaw(
            int(rows.id[row]),
            ROOF_SIMPLIFIED,
            f"building {rows.id[row]} has no {RoofForm(int(form[row])).name} roof: {reason}",
            f"{RoofForm(int(body.form[row])).name} roof",
        )
        for row, reason in body.reasons.items()
    )
    return body.mesh, level, lod, flaws


def heights(rows: Bodies) -> tuple[FloatArray, FloatArray]:
    """The foot of the walls and the top of each building (n,), metres in the city's height system, on the lattice."""
    west, south, east, north = shapely.bounds(rows.geometry).T
    depth = FOUNDATION_M + FOUNDATION_SLOPE * np.hypot(east - west, north - south)
    return snap(rows.base_m - depth), snap(rows.base_m + np.maximum(rows.height_m, LATTICE_M))


def _overhang(rows: Bodies) -> FloatArray:
    west, south, east, north = shapely.bounds(rows.geometry).T
    reach = np.minimum(OVERHANG_M, 0.1 * np.minimum(east - west, north - south))
    return np.where(np.isin(rows.roof_form, _OVERHANGING), snap(reach), 0.0)


# --- encoding --------------------------------------------------------------------------------------------------------


def _encode(
    rows: Bodies, mesh: Mesh, undulation_m: FloatArray, frame: Frame, level: np.ndarray, lod: np.ndarray
) -> tuple[bytes, Region]:
    placed = place(mesh, undulation_m, frame)
    position = gltf.quantise(placed.position)
    model = gltf.Model(
        position=position,
        normal=placed.normal,
        colour=colours(rows.use[mesh.feature], rows.roof_form[mesh.feature], mesh.surface),
        feature=mesh.feature,
        triangles=mesh.triangles,
        pose=frame.pose(),
        table=_table(rows, level, lod),
    )
    step = float(position.step.max())
    return gltf.encode(model), grown(placed.region, step, step)


def _table(rows: Bodies, level: np.ndarray, lod: np.ndarray) -> PropertyTable:
    """The attributes of buildings, one row each, in the order and types that clients rely on."""
    accuracy = np.where(np.isnan(rows.accuracy_m), -1.0, rows.accuracy_m).astype(np.float32)
    return PropertyTable(
        "building",
        len(rows),
        (
            Property("id", rows.id.astype(np.int64), "Stable id of the building"),
            Property("name", _texts(rows.name), "Name", no_data=""),
            Property("height", rows.height_m.astype(np.float32), "Height above the base, metres"),
            Property("use", rows.use, "What the building is used for", choices=Use),
            Property("roof_form", rows.roof_form, "Form of the roof", choices=RoofForm),
            Property("storeys", np.clip(rows.storeys, 0, 255).astype(np.uint8), "Storeys above ground", no_data=0),
            Property("cim_level", level, "Grade of the model as drawn here", choices=CimLevel),
            Property("lod", lod, "Level of detail as drawn here"),
            Property("source", _texts(rows.source), "Where the data came from", no_data=""),
            Property("is_synthetic", rows.is_synthetic.astype(np.bool_), "Made by a generator, not surveyed"),
            Property("accuracy", accuracy, "Positional accuracy, metres", no_data=-1),
        ),
    )


def _texts(values: ObjectArray) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values.tolist()]
