"""The L3 rows of a tile as they are drawn: by surfaces that were delivered, built of parts, or with their roofs. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from cim import mesh as meshes
from cim.assembly import Parts
from cim.mesh import Mesh
from cim.roofs import Roofs
from cim.solids import Note, Stood, raise_solids
from cim.types import Bodies, BoolArray, RoofForm, Surface
from tilesets.buildings import surfaces
from tilesets.buildings.looks import Look
from tilesets.buildings.standing import Flaw, Standing


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """mesh: of all rows, those that are not wanted as blocks. roofless: (n,) wanted with a roof or in parts, and got none.
    flaws: what is drawn otherwise than asked for. looks: what the `look` of the mesh counts.
    """

    mesh: Mesh
    roofless: BoolArray
    flaws: tuple[Flaw, ...]
    looks: tuple[Look, ...] = ()


def refine(standing: Standing, wanted: BoolArray, parts: Parts) -> Refined:
    """The wanted rows (n,) in detail and the others as blocks. parts: what assemblies are made of."""
    rows = standing.rows
    own = surfaces.draw(standing, wanted)
    solids = raise_solids(stood(standing), ~own.rows, wanted, parts, closed=False)
    mesh = meshes.uncovered(solids.roofed.mesh, Surface.ground)  # nobody sees it
    drawn = [one for one in (own.mesh, solids.built, mesh) if one is not None and len(one.z)]
    flat = (solids.roofed.form == RoofForm.flat) & (rows.roof_form != RoofForm.flat)
    roofless = wanted & ~own.rows & ~solids.is_built & flat
    return Refined(meshes.join(*drawn), roofless, own.flaws + flaws_of(rows, solids.notes), own.looks)


def flaws_of(rows: Bodies, notes: Iterable[Note]) -> tuple[Flaw, ...]:
    """What is told of the solids of some rows, as flaws of their buildings."""
    told = ((note, int(rows.id[note.row]), int(rows.cell[note.row])) for note in notes)
    return tuple(Flaw(id, note.code, f"building {id} {note.message}", note.instead, cell) for note, id, cell in told)


def stood(standing: Standing) -> Stood:
    """The same buildings as `cim.solids` raises them."""
    rows = standing.rows
    told = Roofs(rows.geometry, rows.roof_form, rows.use, rows.eaves_m, rows.pitch_deg, rows.eaves_tiers)
    heights = (standing.foot_m, standing.base_m, standing.eaves_m, standing.top_m)
    return Stood(told, rows.assembly, standing.shape, *heights, standing.slope)
