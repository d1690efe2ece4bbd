"""The content of a tile of buildings: standing buildings in, one GLB out. Pure.

Coarse content is every building extruded; refined content draws L3 rows in detail (`refined`) and gives them textures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cim import mesh as meshes
from cim.assembly import NO_PARTS, Parts
from cim.mesh import Mesh
from cim.solids import asking_parts
from cim.types import Bodies, CimLevel, FloatArray, IntArray, ObjectArray, RoofForm, Use
from tilesets.buildings import surfaces
from tilesets.buildings.looks import Look, tinted
from tilesets.buildings.palette import colours
from tilesets.buildings.refined import refine
from tilesets.buildings.site import Photo
from tilesets.buildings.standing import Flaw, Standing
from tilesets.buildings.textures.dressing import Dressing, dressed
from tilesets.buildings.textures.packing import Pack, webp
from tilesets.buildings.textures.rules import WallTexture
from tilesets.gltf import glb as gltf
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import Frame, grown, place
from tilesets.spec import Region

REFINED_COST = 2
"""How many times the bytes of its block a building with its roof is taken to need."""
COARSE_LOD = 1.0
ASSEMBLY_SHARE = 0.25
"""How wrong the block of a building that is built of parts is taken to be, of its height (the project's own default)."""


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
    error = surfaces.error(standing)
    error = np.where(
        asking_parts(standing.rows.assembly), np.maximum(error, ASSEMBLY_SHARE * standing.rows.height_m), error
    )
    return float(np.max(error[detailed], initial=1.0))


def refined_cost(standing: Standing) -> IntArray:
    """About how many gzipped bytes each row (n,) adds to a refined tile, pictures that came with it apart."""
    return standing.cost * REFINED_COST + surfaces.cost(standing.rows)


def content(
    standing: Standing,
    frame: Frame,
    *,
    refined: bool,
    photo: Photo | None = None,
    parts: Parts = NO_PARTS,
    pack: Pack = webp,
) -> Content:
    """One tile's GLB. refined: L3 rows are drawn in detail and get textures; otherwise everything is an L2 block.

    photo: what roofs are seen in, None: nothing. parts: what assemblies are made of. pack: how pictures are packed.
    """
    rows = standing.rows
    mesh, level, lod, flaws, looks = _bodies(standing, parts, refined=refined)
    detailed = level == CimLevel.L3
    dress = dressed(mesh, standing, detailed, photo, looks, pack) if detailed.any() else None
    placed = place(mesh, frame)
    position = gltf.quantise(placed.position)
    model = gltf.Model(
        position=position,
        normal=placed.normal,
        colour=_colours(rows, mesh, placed.normal[:, 2], looks),
        feature=mesh.feature,
        triangles=mesh.triangles,
        pose=frame.pose(),
        table=table(rows, level, lod) if dress is None else textured(table(rows, level, lod), dress),
        parts=() if dress is None else dress.parts,
    )
    flaws += () if dress is None else dress.flaws
    step = float(position.step.max())
    return Content(gltf.encode(model), grown(placed.region, step, step), level, flaws)


def _colours(rows: Bodies, mesh: Mesh, up: FloatArray, looks: Sequence[Look]) -> npt.NDArray[np.uint8]:
    found = colours(rows.use[mesh.feature], rows.roof_form[mesh.feature], mesh.surface, up, mesh.material)
    return tinted(found, mesh, looks)


def _bodies(
    standing: Standing, parts: Parts, *, refined: bool
) -> tuple[Mesh, np.ndarray, np.ndarray, tuple[Flaw, ...], tuple[Look, ...]]:
    """The mesh of all rows, the level and lod each is drawn at, and the looks that were delivered."""
    rows = standing.rows
    detailed = (rows.cim_level == CimLevel.L3) & refined
    level = np.where(detailed, CimLevel.L3, CimLevel.L2).astype(np.uint8)
    lod = np.where(detailed == (rows.cim_level == CimLevel.L3), rows.lod, COARSE_LOD).astype(np.float32)
    if not detailed.any():
        mesh = meshes.raised(standing.shape, standing.triangles, standing.foot_m, standing.top_m)
        return mesh, level, lod, (), ()
    made = refine(standing, detailed, parts)
    level[made.roofless], lod[made.roofless] = CimLevel.L2, COARSE_LOD
    return made.mesh, level, lod, made.flaws, made.looks


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
