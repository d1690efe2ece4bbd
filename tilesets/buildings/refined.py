"""The L3 rows of a tile as they are drawn: by surfaces that were delivered, built of parts, or with their roofs. Pure.

Solids that are made here are held to `cim.validity` first; one that is not valid gives way to the block of its footprint.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from cim import mesh as meshes
from cim.assembly import Parts
from cim.geometry import snap
from cim.mesh import Mesh
from cim.roofs import Bodied, raise_bodies
from cim.types import Bodies, BoolArray, FloatArray, RoofForm, Surface, Use
from cim.validity import check, of_mesh
from tilesets.buildings import assembled, surfaces
from tilesets.buildings.standing import Flaw, Standing

OVERHANG_M = 0.5
"""How far traditional roofs reach beyond the walls, unless a tenth of the building's smaller side is less."""
ROOF_SIMPLIFIED = "roof_simplified"
SOLID_INVALID = "solid_invalid"

_OVERHANGING = tuple(set(RoofForm) - {RoofForm.flat, RoofForm.shed, RoofForm.other})
_CURVED = (Use.religious, Use.heritage)
"""Uses whose roofs are hollow towards the ridge where they are of some size; so are those of several tiers. The project's
own default: houses are drawn straight.
"""


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
    own = surfaces.draw(standing, wanted)
    built = assembled.assembled(standing, wanted & ~own.rows, parts)
    asked = np.where(wanted, standing.rows.roof_form, RoofForm.flat).astype(np.uint8)
    rest = ~own.rows & ~built.rows
    body, mesh, invalid = _sound(standing, rest, asked, wanted)
    drawn = [one for one in (own.mesh, built.mesh, mesh) if one is not None and len(one.z)]
    roofless = rest & (body.form == RoofForm.flat) & (asked != RoofForm.flat)
    simplified = _simplified(standing.rows, asked, body)
    return Refined(meshes.join(*drawn), roofless, own.flaws + built.flaws + simplified + invalid)


def raised(standing: Standing, rows: BoolArray, form: npt.NDArray[np.uint8]) -> Bodied:
    """Closed bodies of some rows (n,) with the roofs of these forms."""
    told = standing.rows
    # Eaves that are not known hang on the pitch, where that is.
    from_pitch = np.isnan(told.eaves_m) & np.isfinite(told.pitch_deg)
    return raise_bodies(
        standing.shape.keep(rows[standing.shape.feature]),
        standing.foot_m,
        np.where(from_pitch, np.nan, standing.eaves_m),
        standing.top_m,
        form,
        _overhang(told),
        ground=True,
        pitch_deg=told.pitch_deg,
        tiers=told.eaves_tiers,
        curved=np.isin(told.use, _CURVED) | (told.eaves_tiers > 1),
    )


def _sound(
    standing: Standing, rows: BoolArray, form: npt.NDArray[np.uint8], wanted: BoolArray
) -> tuple[Bodied, Mesh, tuple[Flaw, ...]]:
    """Bodies with roofs, their mesh without the ground that nobody sees, and those that had to become blocks."""
    body = raised(standing, rows, form)
    found = check(of_mesh(meshes.without(body.mesh, np.flatnonzero(~wanted)), len(rows)))
    bad = {
        fault.body: fault for fault in reversed(found) if rows[fault.body] and wanted[fault.body] and fault.code != 902
    }
    flaws = []
    if bad:
        index = np.array(sorted(bad), dtype=np.int64)
        for row in index.tolist():
            id, fault = int(standing.rows.id[row]), bad[row]
            what = f"building {id} with a {RoofForm(int(form[row])).name} roof is no valid solid: {fault.code} {fault.name}"
            flaws.append(Flaw(id, SOLID_INVALID, what, "drawn as a block", int(standing.rows.cell[row])))
        plain = form.copy()
        plain[index] = RoofForm.flat
        body = replace(raised(standing, rows, plain), reasons={k: v for k, v in body.reasons.items() if k not in bad})
    return body, meshes.uncovered(body.mesh, Surface.ground), tuple(flaws)


def _simplified(rows: Bodies, asked: npt.NDArray[np.uint8], body: Bodied) -> tuple[Flaw, ...]:
    return tuple(
        Flaw(
            int(rows.id[row]),
            ROOF_SIMPLIFIED,
            f"building {rows.id[row]} has no {RoofForm(int(asked[row])).name} roof as asked for: {reason}",
            f"{RoofForm(int(body.form[row])).name} roof",
            int(rows.cell[row]),
        )
        for row, reason in sorted(body.reasons.items())
    )


def _overhang(rows: Bodies) -> FloatArray:
    west, south, east, north = shapely.bounds(rows.geometry).T
    reach = np.minimum(OVERHANG_M, 0.1 * np.minimum(east - west, north - south))
    return np.where(np.isin(rows.roof_form, _OVERHANGING), snap(reach), 0.0)
