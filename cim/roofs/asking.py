"""How buildings ask for their roofs: overhang, hollow slopes and pitch, from what their rows tell. One rule for all uses."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cim.geometry import Rings, snap
from cim.roofs.bodies import Bodied, raise_bodies
from cim.types import BoolArray, FloatArray, ObjectArray, RoofForm, Use

OVERHANG_M = 0.5
"""How far traditional roofs reach beyond the walls, unless a tenth of the building's smaller side is less."""

HALL_OVERHANG_M = 1.5
"""The same of halls whose roofs are hollow and whose eaves run all round. 上檐出 is told to be three tenths of the columns'
height; both are the project's own defaults.
"""

_OVERHANGING = tuple(set(RoofForm) - {RoofForm.flat, RoofForm.shed, RoofForm.other})
_CURVED = (Use.religious, Use.heritage)
"""Uses whose roofs are hollow towards the ridge, and turn up at the corners of their eaves, where they are of some size; so
are those of several tiers. The project's own default: houses are drawn straight.
"""
_HALLS = (RoofForm.hip, RoofForm.hip_and_gable, RoofForm.pyramidal, RoofForm.conical)


@dataclass(frozen=True, slots=True, eq=False)
class Roofs:
    """What rows (n,) tell of their roofs. footprint: polygons, city frame, metres. form, use: uint8 codes. eaves_m: above
    the base, NaN not told. pitch_deg: NaN not told. tiers: uint8 roofs above one another, 0 not told.
    """

    footprint: ObjectArray
    form: npt.NDArray[np.uint8]
    use: npt.NDArray[np.uint8]
    eaves_m: FloatArray
    pitch_deg: FloatArray
    tiers: npt.NDArray[np.uint8]


def raise_asked(
    shape: Rings,
    foot: FloatArray,
    eaves: FloatArray,
    top: FloatArray,
    told: Roofs,
    form: npt.NDArray[np.uint8],
    rows: BoolArray,
) -> Bodied:
    """Closed bodies of some rows (n,), with the roofs of these forms (n,) as the rows would have them.

    shape: cleaned, wound outlines on the lattice, `feature` counting the rows. foot, eaves, top: (n,) heights on the
    lattice, in one height system; eaves that the row does not tell hang on its pitch, where it tells that.
    """
    curved = np.isin(told.use, _CURVED) | (told.tiers > 1)
    from_pitch = np.isnan(told.eaves_m) & np.isfinite(told.pitch_deg)
    return raise_bodies(
        shape.keep(rows[shape.feature]),
        foot,
        np.where(from_pitch, np.nan, eaves),
        top,
        form,
        _overhang(told, curved),
        ground=True,
        pitch_deg=told.pitch_deg,
        tiers=told.tiers,
        curved=curved,
    )


def _overhang(told: Roofs, curved: BoolArray) -> FloatArray:
    west, south, east, north = shapely.bounds(told.footprint).T
    most = np.where(curved & np.isin(told.form, _HALLS), HALL_OVERHANG_M, OVERHANG_M)
    reach = np.minimum(most, 0.1 * np.minimum(east - west, north - south))
    return np.where(np.isin(told.form, _OVERHANGING), snap(reach), 0.0)
