"""Which roof a building probably has where nobody says: from its class, its footprint, a photo and a surface model. Pure.

**The rules**, of which the first that fits decides (`RULES`; all limits are the project's own defaults). What is measured
goes before what is stated of the height, that before what is usual for a class:

1. `wall`: a strip not `LEAST_WIDTH_M` wide bears no roof worth a form.
2. `surface_is_flat`: a surface model measures the roof, and its pixels spread less than `FLAT_SPREAD_M`, or the median of
   their slopes is that of a level roof.
3. `surface_shows_form`: the surface lies on a simple roof (`roof_relief.py`): that form; a hipped one of a temple or
   palace is hip-and-gable (歇山), a gable of a traditional house flush (硬山), which no surface from above tells apart.
4. `rampart`: its name says wall, bastion or screen (`RAMPARTS`), or it is longer than any hall: flat.
5. `tower_block`: `MANY_STOREYS` storeys or `HIGH_M` metres, or wider than `WIDE_M`, and no hall: flat.
6. `pavilion`: traditional, at most `PAVILION_M` either way and nearly square, of a temple, a palace or a public garden:
   pyramidal (攒尖). A house is made of bays in a row, so it is longer than deep.
7. `hall`: of a temple or a palace and at least `HALL_M` deep: hip-and-gable (歇山).
8. `wing`: of a temple or a palace, narrower: gable (悬山).
9. `court_house`: traditional, up to two storeys: flush gable (硬山).
10. `surface_is_pitched`: most pixels of the surface are steep, on no simple roof: gable.
11. `eaves_below_top`: the eaves are told, and lie `EAVES_BELOW_M` or more below the top: gable.
12. `rebuilt`: in protected ground, up to three storeys, of a modern year: flush gable (硬山). What is built anew there
    follows the protection plan's control of height and form, so that it wears the roof of what it stands among.
13. `ridge_in_photo`: the photo shows faces of unlike brightness (`roof_photo.py`), up to three storeys: gable.
14. `height_over_storeys`: a dwelling of up to three storeys whose stated height is more than its storeys and a parapet need,
    by at least half of what a gable of its width rises: gable.
15. `workshop`: industrial, one storey, up to `WIDE_M` wide: gable.
16. `nothing_speaks_for_a_pitch`: flat.

*Traditional* is what stands since before `MODERN_YEAR`, or, where no year is known, in protected ground. A footprint that
fills less than `FILLED` of its rectangle (wings, a court) is taken to be as wide as its wings are deep, and takes the same
form, which the roofs' own rules then fit to its wings.

*Confidence* is the rule's own, raised by `STEP` for each of photo and surface that agrees, lowered where it speaks against
it, and lowered for a footprint that is no rectangle; it is no probability, it orders what should be looked at first.
*Pitch*: what the surface shows, else `PITCH_DEG` by form; the eaves lie below the height by half the width (of a shed the
whole) times its slope, but at most by `ROOF_SHARE` of the height, in which case the pitch is the lower one that fits. Known
eaves stay, and decide the pitch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.inference.footprint_sides import sides, wing_depth
from cim.inference.roof_photo import FILLED
from cim.inference.roof_relief import LEAST_PITCH_DEG, LEVEL_DEG, NO_FORM
from cim.inference.surface_heights import LEAST_PIXELS
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray, RoofForm, Use

MODERN_YEAR = 1949
FLAT_SPREAD_M = 0.15
LEAST_WIDTH_M = 2.0
MANY_STOREYS, HIGH_M, WIDE_M = 4, 14.0, 24.0
PAVILION_M, SQUARE = 14.0, 1.2
HALL_M = 9.0
LONGER_THAN_HALLS, LONGEST_HALL_M = 5.0, 200.0
"""The longest timber halls have eleven bays and are some three times as long as deep."""
RAMPARTS = ("城墙", "城垣", "瓮城", "月城", "马面", "敌台", "角台", "城台", "影壁", "照壁", "九龙壁", "围墙")
HALLS = ("楼", "殿", "阁", "亭", "庙", "祠")
EAVES_BELOW_M = 0.5
DWELLING_STOREY_M, PARAPET_M = 2.8, 1.2
"""The storey that the design code for dwellings names, and a parapet that people may stand behind, with its coping."""
RIDGE_CONTRAST = 1.0
"""Standard deviations between the sides of a roof from which on they are two faces; half of it says there are none."""
STEP = 0.15
ROOF_SHARE = 0.45
PITCH_DEG = {
    RoofForm.shed: 15.0,
    RoofForm.gable: 22.0,
    RoofForm.flush_gable: 26.57,  # 五举: half a metre up for each metre in
    RoofForm.hip: 30.0,
    RoofForm.hip_and_gable: 30.0,
    RoofForm.pyramidal: 30.0,
}

RULES: dict[str, tuple[RoofForm | None, float, str]] = {
    "wall": (RoofForm.flat, 0.5, "too narrow for a roof with a form"),
    "surface_is_flat": (RoofForm.flat, 0.8, "the surface model measures an even roof"),
    "surface_shows_form": (None, 0.7, "the surface model lies on a roof of this form"),
    "rampart": (RoofForm.flat, 0.6, "a wall, a bastion or a screen by its name, or longer than any hall"),
    "tower_block": (RoofForm.flat, 0.75, "high, wide or of many storeys, and no hall"),
    "pavilion": (RoofForm.pyramidal, 0.45, "small, nearly square, of a temple, a palace or a garden"),
    "hall": (RoofForm.hip_and_gable, 0.5, "deep, of a temple or palace"),
    "wing": (RoofForm.gable, 0.5, "narrow, of a temple or palace"),
    "court_house": (RoofForm.flush_gable, 0.6, "traditional, up to two storeys"),
    "surface_is_pitched": (RoofForm.gable, 0.45, "the surface model is steep nearly everywhere"),
    "eaves_below_top": (RoofForm.gable, 0.6, "its eaves lie below its top"),
    "rebuilt": (RoofForm.flush_gable, 0.45, "low, built anew in protected ground"),
    "ridge_in_photo": (RoofForm.gable, 0.45, "the photo shows two faces along a ridge"),
    "height_over_storeys": (RoofForm.gable, 0.4, "a dwelling higher than its storeys and a parapet need"),
    "workshop": (RoofForm.gable, 0.35, "an industrial building of one storey"),
    "nothing_speaks_for_a_pitch": (RoofForm.flat, 0.3, "nothing speaks for a pitched roof"),
}
"""Rule -> its form (None: as the surface shows), its confidence, and what it says; the order is the order of the rules."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of buildings (n,).

    footprint: Polygons or MultiPolygons, metres. use: `Use` codes. year, storeys: 0 unknown. height_m, eaves_m: above the
    ground. in_protected_ground: of an old town or a heritage zone. ridge: contrast of the sides (`roof_photo`).
    spread_m, pixels: of a surface model, as `surface_heights.measure` gives them; shown, shown_pitch_deg, slope_deg: as
    `roof_relief.relief` does. name: str or None. height_is_stated: not reckoned from storeys. NaN: not known.
    """

    footprint: ObjectArray
    use: IntArray
    year: IntArray
    storeys: IntArray
    height_m: FloatArray
    eaves_m: FloatArray
    in_protected_ground: BoolArray
    ridge: FloatArray
    spread_m: FloatArray
    pixels: IntArray
    shown: npt.NDArray[np.uint8]
    shown_pitch_deg: FloatArray
    slope_deg: FloatArray
    name: ObjectArray
    height_is_stated: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Inferred:
    """Forms (n,) as `RoofForm` codes, how sure, by which rule; pitch in degrees, eaves in metres above the ground.

    Pitch and eaves are NaN for flat roofs.
    """

    form: npt.NDArray[np.uint8]
    pitch_deg: FloatArray
    eaves_m: FloatArray
    confidence: FloatArray
    rule: ObjectArray


def infer(of: Evidence) -> Inferred:
    """The roof of every building by the rules at the head of this module; the same evidence gives the same roof."""
    width, length, filled = sides(of.footprint)
    width = np.where(filled < FILLED, np.minimum(width, wing_depth(of.footprint)), width)
    rules = list(RULES)
    which = np.select(_fits(of, width, length, filled), list(range(len(rules) - 1)), len(rules) - 1)
    told = np.array([NO_FORM if RULES[rule][0] is None else RULES[rule][0] for rule in rules], dtype=np.uint8)[which]
    form = np.where(told == NO_FORM, _shown(of), told).astype(np.uint8)
    eaves, pitch = _eaves(form, width, of)
    confidence = np.array([RULES[rule][1] for rule in rules])[which] + STEP * _support(of, form)
    confidence = np.where((filled < FILLED) & (form != RoofForm.flat), confidence - STEP, confidence)
    names = np.array(rules, dtype=object)[which]
    return Inferred(form, pitch, eaves, np.clip(confidence, 0.05, 0.95).round(2), names)


def _is_hall(of: Evidence) -> BoolArray:
    return np.isin(of.use, [Use.religious, Use.heritage])


def _is_old(of: Evidence) -> BoolArray:
    return np.asarray(np.where(of.year > 0, of.year < MODERN_YEAR, of.in_protected_ground))


def _shown(of: Evidence) -> npt.NDArray[np.uint8]:
    """The form that the surface shows, by the name that the building's class gives it."""
    form = np.where((of.shown == RoofForm.hip) & _is_hall(of), RoofForm.hip_and_gable, of.shown)
    return np.where((form == RoofForm.gable) & _is_old(of) & ~_is_hall(of), RoofForm.flush_gable, form).astype(np.uint8)


def _fits(of: Evidence, width: FloatArray, length: FloatArray, filled: FloatArray) -> list[BoolArray]:
    """Of each rule but the last, where it fits."""
    hall, old, measured = _is_hall(of), _is_old(of), of.pixels >= LEAST_PIXELS
    low = np.where(of.storeys > 0, of.storeys, np.ceil(of.height_m / 3.5))
    small = (length <= PAVILION_M) & (length <= SQUARE * width)
    named = np.array([_is_rampart(name or "") for name in of.name.tolist()], dtype=np.bool_)
    long = ((length > LONGER_THAN_HALLS * width) & (filled >= FILLED)) | (length > LONGEST_HALL_M)
    with np.errstate(invalid="ignore"):
        steep = measured & (of.slope_deg >= LEAST_PITCH_DEG)
        block = (of.storeys >= MANY_STOREYS) | (of.height_m >= HIGH_M) | (width > WIDE_M)
        return [
            width < LEAST_WIDTH_M,
            measured & ((of.spread_m < FLAT_SPREAD_M) | (of.slope_deg < LEVEL_DEG)) & (of.shown == NO_FORM),
            of.shown != NO_FORM,
            named | (hall & (width >= HALL_M) & long),
            ~hall & block & ~steep,
            (hall | (of.use == Use.public)) & old & small,
            hall & (width >= HALL_M),
            hall,
            old & (low <= 2),
            steep,
            of.height_m - of.eaves_m >= EAVES_BELOW_M,
            of.in_protected_ground & (low <= 3) & (of.use != Use.industrial),
            (of.ridge >= RIDGE_CONTRAST) & (low <= 3),
            _is_over_its_storeys(of, width),
            (of.use == Use.industrial) & (low <= 1),
        ]


def _is_rampart(name: str) -> bool:
    """Whether a name is a wall's, and not of the tower or the hall on it."""
    return any(word in name for word in RAMPARTS) and not any(word in name for word in HALLS)


def _is_over_its_storeys(of: Evidence, width: FloatArray) -> BoolArray:
    over = of.height_m - DWELLING_STOREY_M * of.storeys
    rise = 0.5 * width * np.tan(np.radians(PITCH_DEG[RoofForm.gable]))
    dwelling = (of.use == Use.residential) & of.height_is_stated & (of.storeys >= 1) & (of.storeys <= 3)
    return np.asarray(dwelling & (over > PARAPET_M) & (over >= 0.5 * rise))


def _support(of: Evidence, form: npt.NDArray[np.uint8]) -> FloatArray:
    """Photo and surface for (+1 each) and against (-1 each) the form that was taken, where they say anything."""
    with np.errstate(invalid="ignore"):
        ridge = np.where(of.ridge >= RIDGE_CONTRAST, 1.0, np.where(of.ridge < 0.5 * RIDGE_CONTRAST, -1.0, 0.0))
        steep = np.where(of.slope_deg >= LEAST_PITCH_DEG, 1.0, np.where(of.slope_deg < LEVEL_DEG, -1.0, 0.0))
    return np.asarray(np.where(form != RoofForm.flat, 1.0, -1.0) * (ridge + steep))


def _eaves(form: npt.NDArray[np.uint8], width: FloatArray, of: Evidence) -> tuple[FloatArray, FloatArray]:
    """Eaves and pitch of each form; where the eaves are known, the pitch is the one that reaches the height from there."""
    slope = np.full(len(form), np.nan)
    for kind, degrees in PITCH_DEG.items():
        slope[form == kind] = np.tan(np.radians(degrees))
    pitched = np.isfinite(slope)
    slope = np.where(pitched & np.isfinite(of.shown_pitch_deg), np.tan(np.radians(of.shown_pitch_deg)), slope)
    run = np.where(form == RoofForm.shed, width, 0.5 * width)
    rise = np.minimum(run * slope, ROOF_SHARE * of.height_m)
    stated = np.isfinite(of.eaves_m) & (of.eaves_m < of.height_m) & pitched
    rise = np.where(stated, of.height_m - of.eaves_m, rise)
    pitch = np.degrees(np.arctan(rise / np.maximum(run, 1e-6)))
    return (of.height_m - rise).round(2), pitch.round(2)
