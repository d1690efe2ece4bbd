"""A tile's mesh by material: roofs that the orthophoto shows, walls by their computed pictures, and the plain rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cim.assembly.material import Material as Stuff
from cim.mesh import Mesh
from cim.types import BoolArray, FloatArray, IntArray, Surface
from tilesets.buildings.looks import Look, fitted, placed
from tilesets.buildings.site import Photo
from tilesets.buildings.standing import Flaw, Standing, surfaces_of
from tilesets.buildings.textures import roofs, rules, runs
from tilesets.buildings.textures.fronts import fronts
from tilesets.buildings.textures.packing import Pack, webp
from tilesets.buildings.textures.painting import PANELS, picture
from tilesets.buildings.textures.rules import WallTexture
from tilesets.gltf.glb import Part
from tilesets.gltf.materials import PLAIN, Material

ORTHOPHOTO_MISSING = "orthophoto_missing"
TILED = 250
"""The alpha of the vertex colours of roofs that are laid with tiles; of everything else it is 255."""
LEAST_UP = 0.3
"""A roof face whose normal has less of up in it is not shown by a photo from above: it keeps a plain colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Dressing:
    """parts: of the model. wall: (n,) `WallTexture` that a building's walls show, the front's where there is one.

    photographed: (n,) whether its roof is in the orthophoto. flaws: of roofs that are not, though there is one.
    """

    parts: tuple[Part, ...]
    wall: npt.NDArray[np.uint8]
    photographed: BoolArray
    flaws: tuple[Flaw, ...]


def dressed(
    mesh: Mesh,
    standing: Standing,
    detailed: BoolArray,
    photo: Photo | None,
    looks: Sequence[Look] = (),
    pack: Pack = webp,
) -> Dressing:
    """The parts of a mesh. detailed: (n,) which buildings are drawn with all their surfaces; the others stay plain.

    looks: what was delivered with surfaces; those show that and nothing else, in pictures that stay as they are kept.
    """
    shown = detailed[mesh.feature[mesh.triangles[:, 0]]]
    if mesh.look is not None:
        shown &= mesh.look[mesh.triangles[:, 0], 0] < 0
    surface, up = mesh.triangle_surface(), mesh.normal[mesh.triangles[:, 0], 2]
    roof = np.flatnonzero(shown & (surface == Surface.roof) & (up >= LEAST_UP))
    wall = np.flatnonzero(shown & (surface == Surface.wall) & runs.is_wall_like(mesh))
    alpha = _tiled(mesh, standing, roof)
    roofed, photographed, flaws = _roofs(mesh, standing, roof, photo, pack)
    walled, pictured, texture = _walls(mesh, standing, wall, pack)
    taken = np.zeros(len(mesh.triangles), dtype=np.bool_)
    taken[pictured] = True
    delivered = _delivered(mesh, looks)
    for _, which in delivered:
        taken[which] = True
    taken[roof[photographed[mesh.feature[mesh.triangles[roof, 0]]]]] = True
    plain = np.flatnonzero(~taken)
    rest = [_part(mesh, plain, PLAIN, None)] if len(plain) else []
    own = [_part(mesh, which, material, placed(mesh, which)) for material, which in delivered]
    parts = tuple(_marked(part, alpha) for part in (*rest, *roofed)) + (*walled, *own)
    return Dressing(parts, texture, photographed, flaws)


def _tiled(mesh: Mesh, standing: Standing, roof: IntArray) -> npt.NDArray[np.uint8]:
    """The alpha (v,) of vertices: `TILED` on the roofs that this code has raised from a form that tiles lie on, or from
    parts that say so. What somebody delivered is laid with whatever they modelled.
    """
    first = mesh.triangles[roof, 0]
    owner = mesh.feature[first]
    made_of = np.zeros(len(roof), dtype=np.uint8) if mesh.material is None else mesh.material[first]
    by_form = (made_of == Stuff.unknown) & np.isin(standing.rows.roof_form[owner], list(rules.TIMBER))
    told = np.isin(made_of, [Stuff.tile, Stuff.glaze])
    laid = (by_form | told) & ~surfaces_of(standing.rows)[owner]
    alpha = np.full(len(mesh.z), 255, dtype=np.uint8)
    alpha[mesh.triangles[roof[laid]].ravel()] = TILED
    return alpha


def _marked(part: Part, alpha: npt.NDArray[np.uint8]) -> Part:
    own = alpha[part.vertex]
    return replace(part, alpha=own) if (own < 255).any() else part


def _delivered(mesh: Mesh, looks: Sequence[Look]) -> list[tuple[Material, IntArray]]:
    """A material for every picture that came with surfaces, and the triangles that show it."""
    if mesh.look is None:
        return []
    number = mesh.look[mesh.triangles[:, 0], 0]
    with_picture = [place for place, look in enumerate(looks) if look.picture is not None]
    shown = [place for place in with_picture if (number == place).any()]
    pictures = list(dict.fromkeys(looks[place].picture or b"" for place in shown))  # laid in two ways it counts once
    found = dict(zip(pictures, fitted(pictures), strict=True))
    return [
        (_material(looks[place], found[looks[place].picture or b""]), np.flatnonzero(number == place))
        for place in shown
    ]


def _material(look: Look, picture: bytes) -> Material:
    return Material("delivered", picture, look.repeats, mirrors_across=look.mirrors, mirrors_up=look.mirrors)


def _roofs(
    mesh: Mesh, standing: Standing, roof: IntArray, photo: Photo | None, pack: Pack
) -> tuple[list[Part], BoolArray, tuple[Flaw, ...]]:
    photographed = np.zeros(len(standing), dtype=np.bool_)
    if photo is None or len(roof) == 0:
        return [], photographed, ()
    owner = mesh.feature[mesh.triangles[roof, 0]]
    found = roofs.crop(mesh, roof, photo, pack)
    if found is None:
        return [], photographed, _unseen(standing, np.unique(owner))
    seen = ~np.isin(owner, found.missing)
    photographed[owner[seen]] = True
    which = roof[seen]
    material = Material("orthophoto", found.picture)
    places = found.places(mesh.xy[mesh.point[mesh.triangles[which]]])
    return [_part(mesh, which, material, places)], photographed, _unseen(standing, found.missing)


def _walls(
    mesh: Mesh, standing: Standing, wall: IntArray, pack: Pack
) -> tuple[list[Part], IntArray, npt.NDArray[np.uint8]]:
    """A part for every picture, the triangles that are in one, and the picture of each building (n,)."""
    texture = np.zeros(len(standing), dtype=np.uint8)
    if len(wall) == 0:
        return [], wall, texture
    found, (first, second, sides) = runs.walls(mesh, wall), rules.chosen(standing.rows)
    faced = fronts(found, standing.rows, standing.base_m, first, sides)
    of_face = runs.pictured(found, standing.base_m, standing.eaves_m, (first, second), faced.is_front)
    texture[found.feature[of_face != WallTexture.none]] = of_face[of_face != WallTexture.none]
    front = of_face == first[found.feature]
    texture[found.feature[front]] = of_face[front]
    parts = []
    for code in np.unique(of_face[of_face != WallTexture.none]).tolist():
        which = np.flatnonzero(of_face[found.face] == code)
        kind = WallTexture(code)
        places = runs.places(mesh, found, standing.base_m, faced.storey_m, kind, which)
        panel = PANELS[kind]
        material = Material(
            kind.name, picture(kind, pack), True, panel.roughness, is_procedural=True, mirrors_up=panel.mirrors
        )
        parts.append(_part(mesh, found.triangle[which], material, places))
    return parts, wall[of_face[found.face] != WallTexture.none], texture


def _unseen(standing: Standing, missing: IntArray) -> tuple[Flaw, ...]:
    rows = standing.rows
    return tuple(
        Flaw(
            int(rows.id[row]),
            ORTHOPHOTO_MISSING,
            f"building {rows.id[row]} has a roof that no orthophoto shows whole, a metre a pixel or finer",
            "drawn in a plain colour",
            int(rows.cell[row]),
        )
        for row in missing.tolist()
    )


def _part(mesh: Mesh, which: IntArray, material: Material, places: FloatArray | None) -> Part:
    """These triangles and the vertices they use; places: (t, 3, 2) in the picture, equal at a vertex of one face."""
    corner = mesh.triangles[which]
    vertex, inverse = np.unique(corner, return_inverse=True)
    triangles = inverse.reshape(-1, 3)
    if places is None:
        return Part(vertex, triangles, material)
    uv = np.zeros((len(vertex), 2))
    uv[triangles.ravel()] = places.reshape(-1, 2)
    return Part(vertex, triangles, material, uv)
