"""The content of a tile of buildings: standing buildings in, one GLB out. Pure.

Coarse content is every building extruded; refined content gives L3 rows the roofs of their forms.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cim import mesh as meshes
from cim.assembly import NO_PARTS, Parts
from cim.geometry import snap
from cim.mesh import Mesh
from cim.roofs import raise_bodies
from cim.types import Bodies, CimLevel, FloatArray, ObjectArray, RoofForm, Use
from tilesets.buildings.assembled import asking, assembled
from tilesets.buildings.palette import colours
from tilesets.buildings.standing import Flaw, Standing
from tilesets.gltf import glb as gltf
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import Frame, grown, place
from tilesets.spec import Region

OVERHANG_M = 0.5
"""How far traditional roofs reach beyond the walls, unless a tenth of the building's smaller side is less."""
COARSE_LOD = 1.0
ASSEMBLY_SHARE = 0.25
"""How wrong the block of a building that is built of parts is taken to be, of its height (the project's own default)."""
ROOF_SIMPLIFIED = "roof_simplified"

_OVERHANGING = (RoofForm.gable, RoofForm.hip, RoofForm.hip_and_gable, RoofForm.pyramidal)


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
    error = standing.top_m - standing.eaves_m
    error = np.where(asking(standing.rows), np.maximum(error, ASSEMBLY_SHARE * standing.rows.height_m), error)
    return float(np.max(error[detailed], initial=1.0))


def content(standing: Standing, frame: Frame, *, refined: bool, parts: Parts = NO_PARTS) -> Content:
    """One tile's GLB. refined: L3 rows get their roofs, or are built of the parts of their assemblies; otherwise everything
    is an L2 block.
    """
    rows = standing.rows
    mesh, level, lod, flaws = _bodies(standing, refined=refined, parts=parts)
    placed = place(mesh, frame)
    position = gltf.quantise(placed.position)
    model = gltf.Model(
        position=position,
        normal=placed.normal,
        colour=colours(rows.use[mesh.feature], rows.roof_form[mesh.feature], mesh.surface),
        feature=mesh.feature,
        triangles=mesh.triangles,
        pose=frame.pose(),
        table=table(rows, level, lod),
    )
    step = float(position.step.max())
    return Content(gltf.encode(model), grown(placed.region, step, step), level, flaws)


def _bodies(
    standing: Standing, *, refined: bool, parts: Parts
) -> tuple[Mesh, np.ndarray, np.ndarray, tuple[Flaw, ...]]:
    """The mesh of all rows, and the level and lod each is drawn at."""
    rows = standing.rows
    detailed = (rows.cim_level == CimLevel.L3) & refined
    level = np.where(detailed, CimLevel.L3, CimLevel.L2).astype(np.uint8)
    lod = np.where(detailed == (rows.cim_level == CimLevel.L3), rows.lod, COARSE_LOD).astype(np.float32)
    if not detailed.any():
        mesh = meshes.raised(standing.shape, standing.triangles, standing.foot_m, standing.top_m)
        return mesh, level, lod, ()
    form = np.where(detailed, rows.roof_form, RoofForm.flat).astype(np.uint8)
    built = assembled(standing, detailed, parts)
    if built.rows.all():
        return built.mesh, level, lod, built.flaws
    shape = standing.shape.keep(~built.rows[standing.shape.feature])
    body = raise_bodies(shape, standing.foot_m, standing.eaves_m, standing.top_m, form, _overhang(rows))
    roofless = (body.form == RoofForm.flat) & (form != RoofForm.flat) & ~built.rows
    level[roofless], lod[roofless] = CimLevel.L2, COARSE_LOD
    flaws = built.flaws + _simplified(rows, form, body.form, body.reasons)
    return meshes.join(body.mesh, built.mesh), level, lod, flaws


def _simplified(rows: Bodies, asked: np.ndarray, got: np.ndarray, reasons: dict[int, str]) -> tuple[Flaw, ...]:
    return tuple(
        Flaw(
            int(rows.id[row]),
            ROOF_SIMPLIFIED,
            f"building {rows.id[row]} has no {RoofForm(int(asked[row])).name} roof: {reason}",
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


def _texts(values: ObjectArray) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values.tolist()]
