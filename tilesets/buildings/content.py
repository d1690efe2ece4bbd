"""The content of a tile of buildings: standing buildings in, one GLB out. Pure.

Coarse content is every building extruded; refined content draws L3 rows by the surfaces that were delivered of them, else
with the roofs of their forms, and gives them textures.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from cim import mesh as meshes
from cim.geometry import snap
from cim.mesh import Mesh
from cim.roofs import raise_bodies
from cim.types import Bodies, CimLevel, FloatArray, IntArray, ObjectArray, RoofForm, Use
from tilesets.buildings import surfaces
from tilesets.buildings.palette import colours
from tilesets.buildings.site import Photo
from tilesets.buildings.standing import Flaw, Standing
from tilesets.buildings.textures.dressing import Dressing, dressed
from tilesets.buildings.textures.rules import WallTexture
from tilesets.gltf import glb as gltf
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import Frame, grown, place
from tilesets.spec import Region

OVERHANG_M = 0.5
"""How far traditional roofs reach beyond the walls, unless a tenth of the building's smaller side is less."""
REFINED_COST = 2
"""How many times the bytes of its block a building with its roof is taken to need."""
COARSE_LOD = 1.0
ROOF_SIMPLIFIED = "roof_simplified"

_OVERHANGING = tuple(set(RoofForm) - {RoofForm.flat, RoofForm.shed, RoofForm.other})
_CURVED = (Use.religious, Use.heritage)
"""Uses whose roofs are hollow towards the ridge where they are of some size; so are those of several tiers. The project's
own default: houses are drawn straight.
"""


@dataclass(frozen=True, slots=True)
class Content:
    """A GLB, the region that holds what it draws, the `CimLevel` (n,) at which it draws each building, and what was drawn
    otherwise than asked for.
    """

    data: bytes
    region: Region
    level: npt.NDArray[np.uint8]
    flaws: tuple[Flaw, ...] = ()


def roof_error(standing: Standing) -> float:
    """How wrong it is, in metres, to draw the L3 rows among these as blocks; 0 where there are none."""
    detailed = standing.rows.cim_level == CimLevel.L3
    if not detailed.any():
        return 0.0
    return float(np.max(surfaces.error(standing)[detailed], initial=1.0))


def refined_cost(standing: Standing) -> IntArray:
    """About how many gzipped bytes each row (n,) adds to a refined tile."""
    return standing.cost * REFINED_COST + surfaces.cost(standing.rows)


def content(standing: Standing, frame: Frame, *, refined: bool, photo: Photo | None = None) -> Content:
    """One tile's GLB. refined: L3 rows get their roofs and textures; otherwise everything is an L2 block.

    photo: what roofs are seen in, None: nothing.
    """
    rows = standing.rows
    mesh, level, lod, flaws = _bodies(standing, refined=refined)
    detailed = level == CimLevel.L3
    dress = dressed(mesh, standing, detailed, photo) if detailed.any() else None
    placed = place(mesh, frame)
    position = gltf.quantise(placed.position)
    model = gltf.Model(
        position=position,
        normal=placed.normal,
        colour=colours(rows.use[mesh.feature], rows.roof_form[mesh.feature], mesh.surface, placed.normal[:, 2]),
        feature=mesh.feature,
        triangles=mesh.triangles,
        pose=frame.pose(),
        table=table(rows, level, lod) if dress is None else textured(table(rows, level, lod), dress),
        parts=() if dress is None else dress.parts,
    )
    flaws += () if dress is None else dress.flaws
    step = float(position.step.max())
    return Content(gltf.encode(model), grown(placed.region, step, step), level, flaws)


def _bodies(standing: Standing, *, refined: bool) -> tuple[Mesh, np.ndarray, np.ndarray, tuple[Flaw, ...]]:
    """The mesh of all rows, and the level and lod each is drawn at."""
    rows = standing.rows
    detailed = (rows.cim_level == CimLevel.L3) & refined
    level = np.where(detailed, CimLevel.L3, CimLevel.L2).astype(np.uint8)
    lod = np.where(detailed == (rows.cim_level == CimLevel.L3), rows.lod, COARSE_LOD).astype(np.float32)
    if not detailed.any():
        mesh = meshes.raised(standing.shape, standing.triangles, standing.foot_m, standing.top_m)
        return mesh, level, lod, ()
    own = surfaces.draw(standing, detailed)
    if own.mesh is not None and own.rows.all():
        return own.mesh, level, lod, own.flaws
    form = np.where(detailed & ~own.rows, rows.roof_form, RoofForm.flat).astype(np.uint8)
    # Eaves that are not known hang on the pitch, where that is.
    from_pitch = np.isnan(rows.eaves_m) & np.isfinite(rows.pitch_deg)
    body = raise_bodies(
        standing.shape.keep(~own.rows[standing.shape.feature]),
        standing.foot_m,
        np.where(from_pitch, np.nan, standing.eaves_m),
        standing.top_m,
        form,
        _overhang(rows),
        pitch_deg=rows.pitch_deg,
        tiers=rows.eaves_tiers,
        curved=np.isin(rows.use, _CURVED) | (rows.eaves_tiers > 1),
    )
    roofless = (body.form == RoofForm.flat) & (form != RoofForm.flat)
    level[roofless], lod[roofless] = CimLevel.L2, COARSE_LOD
    mesh = body.mesh if own.mesh is None else meshes.join(own.mesh, body.mesh)
    return mesh, level, lod, own.flaws + _simplified(rows, form, body.form, body.reasons)


def _simplified(rows: Bodies, asked: np.ndarray, got: np.ndarray, reasons: dict[int, str]) -> tuple[Flaw, ...]:
    return tuple(
        Flaw(
            int(rows.id[row]),
            ROOF_SIMPLIFIED,
            f"building {rows.id[row]} has no {RoofForm(int(asked[row])).name} roof as asked for: {reason}",
            f"{RoofForm(int(got[row])).name} roof",
            int(rows.cell[row]),
        )
        for row, reason in sorted(reasons.items())
    )


def _overhang(rows: Bodies) -> FloatArray:
    west, south, east, north = shapely.bounds(rows.geometry).T
    reach = np.minimum(OVERHANG_M, 0.1 * np.minimum(east - west, north - south))
    return np.where(np.isin(rows.roof_form, _OVERHANGING), snap(reach), 0.0)


def table(rows: Bodies, level: np.ndarray | None = None, lod: np.ndarray | None = None) -> PropertyTable:
    """The attributes of buildings, one row each, in the order and types that clients rely on.

    level, lod: (n,) as drawn; None: the rows' own.
    """
    level, lod = rows.cim_level if level is None else level, rows.lod if lod is None else lod
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


def textured(plain: PropertyTable, dress: Dressing) -> PropertyTable:
    """The same attributes, and where each building's textures are from."""
    told = (
        Property("wall_texture", dress.wall, "Computed picture of the walls, not taken of them", choices=WallTexture),
        Property("roof_photo", dress.photographed, "Whether the roof is drawn as the orthophoto shows it"),
    )
    return replace(plain, properties=(*plain.properties, *told))


def _texts(values: ObjectArray) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values.tolist()]
