"""The L3 rows of a tile as they are drawn: by surfaces that were delivered, built of parts, or with their roofs. Pure."""

from dataclasses import dataclass

from cim import mesh as meshes
from cim.assembly import Parts
from cim.mesh import Mesh
from cim.roofs import Roofs
from cim.solids import Stood, raise_solids
from cim.types import BoolArray, RoofForm, Surface
from tilesets.buildings import surfaces
from tilesets.buildings.standing import Flaw, Standing


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """mesh: of all rows, those that are not wanted as blocks. roofless: (n,) wanted with a roof or in parts, and got none.
    flaws: what is drawn otherwise than asked for.
    """

    mesh: Mesh
    roofless: BoolArray
    flaws: tuple[Flaw, ...]


def refine(standing: Standing, wanted: BoolArray, parts: Parts) -> Refined:
    """The wanted rows (n,) in detail and the others as blocks. parts: what assemblies are made of."""
    rows = standing.rows
    own = surfaces.draw(standing, wanted)
    solids = raise_solids(stood(standing), ~own.rows, wanted, parts, closed=False)
    mesh = meshes.uncovered(solids.roofed.mesh, Surface.ground)  # nobody sees it
    drawn = [one for one in (own.mesh, solids.built, mesh) if one is not None and len(one.z)]
    flat = (solids.roofed.form == RoofForm.flat) & (rows.roof_form != RoofForm.flat)
    flaws = tuple(
        Flaw(int(rows.id[n.row]), n.code, f"building {rows.id[n.row]} {n.message}", n.instead, int(rows.cell[n.row]))
        for n in solids.notes
    )
    return Refined(meshes.join(*drawn), wanted & ~own.rows & ~solids.is_built & flat, own.flaws + flaws)


def stood(standing: Standing) -> Stood:
    """The same buildings as `cim.solids` raises them."""
    rows = standing.rows
    told = Roofs(rows.geometry, rows.roof_form, rows.use, rows.eaves_m, rows.pitch_deg, rows.eaves_tiers)
    heights = (standing.foot_m, standing.base_m, standing.eaves_m, standing.top_m)
    return Stood(told, rows.assembly, standing.shape, *heights)
