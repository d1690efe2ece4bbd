"""Which roof a building probably has where nobody says: from its class, its footprint, a photo and a surface model. Pure.

**The rules**, of which the first that fits decides (`RULES`; all limits are the project's own defaults):

1. `surface_is_flat`: a surface model measures the roof, and its pixels spread less than `FLAT_SPREAD_M`.
2. `wall`: a strip not `LEAST_WIDTH_M` wide bears no roof worth a form.
3. `tower_block`: `MANY_STOREYS` storeys or `HIGH_M` metres, or wider than `WIDE_M`, and no hall: flat.
4. `pavilion`: traditional, at most `PAVILION_M` either way and nearly square, of a temple or a palace: pyramidal (攒尖).
5. `hall`: of a temple or a palace and at least `HALL_M` deep: hip-and-gable (歇山).
6. `wing`: of a temple or a palace, narrower: gable (悬山).
7. `court_house`: traditional, up to two storeys: flush gable (硬山).
8. `ridge_in_photo`: the photo shows two halves of unlike brightness along the long side, up to three storeys: gable.
9. `surface_is_pitched`: the surface model's pixels spread as a pitched roof's do, up to three storeys: gable.
10. `workshop`: industrial, one storey, up to `WIDE_M` wide: gable.
11. `nothing_speaks_for_a_pitch`: flat.

*Traditional* is what stands since before `MODERN_YEAR`, or, where no year is known, in protected ground. A footprint that
fills less than `FILLED` of its rectangle (wings, a court) is taken to be as wide as its wings are deep, and takes the same
form, which the roofs' own rules then fit to its wings.

*Confidence* is the rule's own, raised by `STEP` for each of photo and surface that agrees, lowered where it speaks against
it, and lowered for a footprint that is no rectangle; it is no probability, it orders what should be looked at first.
*Pitch*: `PITCH_DEG` by form; the eaves lie below the height by half the width times its slope, but at most by
`ROOF_SHARE` of the height, in which case the pitch is the lower one that fits. Known eaves stay, and decide the pitch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from cim.surface_heights import LEAST_PIXELS
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray, RoofForm, Use

MODERN_YEAR = 1949
FLAT_SPREAD_M = 0.15
LEAST_WIDTH_M = 2.0
MANY_STOREYS, HIGH_M, WIDE_M = 4, 14.0, 24.0
PAVILION_M, SQUARE = 14.0, 1.2
HALL_M = 9.0
FILLED = 0.8
RIDGE_CONTRAST = 1.0
"""Standard deviations between the halves of a roof from which on they are two faces; half of it says there are none."""
RIDGE_PIXELS = 24
STEP = 0.15
ROOF_SHARE = 0.45
PITCH_DEG = {
    RoofForm.gable: 22.0,
    RoofForm.flush_gable: 26.57,  # 五举: half a metre up for each metre in
    RoofForm.hip_and_gable: 30.0,
    RoofForm.pyramidal: 30.0,
}
_SPREAD_OF_RISE = 1.4826 / 4.0  # of heights spread evenly between eaves and ridge

RULES: dict[str, tuple[RoofForm, float, str]] = {
    "surface_is_flat": (RoofForm.flat, 0.8, "the surface model measures an even roof"),
    "wall": (RoofForm.flat, 0.5, "too narrow for a roof with a form"),
    "tower_block": (RoofForm.flat, 0.75, "high, wide or of many storeys, and no hall"),
    "pavilion": (RoofForm.pyramidal, 0.45, "small, nearly square, of a temple or palace"),
    "hall": (RoofForm.hip_and_gable, 0.5, "deep, of a temple or palace"),
    "wing": (RoofForm.gable, 0.5, "narrow, of a temple or palace"),
    "court_house": (RoofForm.flush_gable, 0.6, "traditional, up to two storeys"),
    "ridge_in_photo": (RoofForm.gable, 0.45, "the photo shows two faces along a ridge"),
    "surface_is_pitched": (RoofForm.gable, 0.45, "the surface model's heights spread as a pitched roof's"),
    "workshop": (RoofForm.gable, 0.35, "an industrial building of one storey"),
    "nothing_speaks_for_a_pitch": (RoofForm.flat, 0.3, "nothing speaks for a pitched roof"),
}
"""Rule -> its form, its confidence, and what it says; the order is the order of the rules."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of buildings (n,).

    footprint: Polygons or MultiPolygons, metres. use: `Use` codes. year, storeys: 0 unknown. height_m, eaves_m: above the
    ground. in_protected_ground: of an old town or a heritage zone. ridge: contrast of the halves (`ridge_contrast`).
    spread_m, pixels: of a surface model, as `surface_heights.measure` gives them. NaN: not known.
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
    """The roof of every building by the rules at the head of this module; the same evidence gives the same roof.

    >>> house = [[Use.residential], [0], [1], [5.0], [np.nan], [True], [np.nan], [np.nan], [0]]
    >>> found = infer(Evidence(np.array([shapely.box(0, 0, 12, 6)]), *map(np.array, house)))
    >>> RoofForm(found.form[0]).name, found.rule[0], found.eaves_m.round(2).tolist()
    ('flush_gable', 'court_house', [3.5])
    """
    width, length, filled = sides(of.footprint)
    width = np.where(filled < FILLED, np.minimum(width, wing_depth(of.footprint)), width)
    rules = list(RULES)
    which = np.select(_fits(of, width, length), list(range(len(rules) - 1)), len(rules) - 1)
    form = np.array([RULES[rule][0] for rule in rules], dtype=np.uint8)[which]
    eaves, pitch = _eaves(form, width, of.height_m, of.eaves_m)
    confidence = np.array([RULES[rule][1] for rule in rules])[which] + STEP * _support(of, form, width)
    confidence = np.where((filled < FILLED) & (form != RoofForm.flat), confidence - STEP, confidence)
    names = np.array(rules, dtype=object)[which]
    return Inferred(form, pitch, eaves, np.clip(confidence, 0.05, 0.95).round(2), names)


def _fits(of: Evidence, width: FloatArray, length: FloatArray) -> list[BoolArray]:
    """Of each rule but the last, where it fits."""
    hall = np.isin(of.use, [Use.religious, Use.heritage])
    known = of.year > 0
    old = np.where(known, of.year < MODERN_YEAR, of.in_protected_ground)
    measured = of.pixels >= LEAST_PIXELS
    low = np.where(of.storeys > 0, of.storeys, np.ceil(of.height_m / 3.5))
    small = (length <= PAVILION_M) & (length <= SQUARE * width)
    with np.errstate(invalid="ignore"):
        return [
            measured & (of.spread_m < FLAT_SPREAD_M),
            width < LEAST_WIDTH_M,
            ~hall & ((of.storeys >= MANY_STOREYS) | (of.height_m >= HIGH_M) | (width > WIDE_M)),
            hall & old & small,
            hall & (width >= HALL_M),
            hall,
            old & (low <= 2),
            (of.ridge >= RIDGE_CONTRAST) & (low <= 3),
            measured & (of.spread_m >= 0.5 * _expected_spread(RoofForm.gable, width)) & (low <= 3),
            (of.use == Use.industrial) & (low <= 1),
        ]


def _expected_spread(form: RoofForm, width: FloatArray) -> FloatArray:
    return np.asarray(_SPREAD_OF_RISE * 0.5 * width * np.tan(np.radians(PITCH_DEG[form])))


def _support(of: Evidence, form: npt.NDArray[np.uint8], width: FloatArray) -> FloatArray:
    """Photo and surface for (+1 each) and against (-1 each) the form that was taken, where they say anything."""
    pitched = form != RoofForm.flat
    with np.errstate(invalid="ignore"):
        ridge = np.where(of.ridge >= RIDGE_CONTRAST, 1.0, np.where(of.ridge < 0.5 * RIDGE_CONTRAST, -1.0, 0.0))
        rough = of.spread_m >= 0.5 * _expected_spread(RoofForm.gable, width)
        surface = np.where(of.pixels >= LEAST_PIXELS, np.where(rough, 1.0, -1.0), 0.0)
    return np.asarray(np.where(pitched, 1.0, -1.0) * (ridge + surface))


def _eaves(
    form: npt.NDArray[np.uint8], width: FloatArray, height: FloatArray, known: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Eaves and pitch of each form; where the eaves are known, the pitch is the one that reaches the height from there."""
    slope = np.full(len(form), np.nan)
    for kind, degrees in PITCH_DEG.items():
        slope[form == kind] = np.tan(np.radians(degrees))
    rise = np.minimum(0.5 * width * slope, ROOF_SHARE * height)
    stated = np.isfinite(known) & (known < height) & np.isfinite(slope)
    rise = np.where(stated, height - known, rise)
    pitch = np.degrees(np.arctan(rise / np.maximum(0.5 * width, 1e-6)))
    return (height - rise).round(2), pitch.round(2)


def sides(footprint: ObjectArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shorter and longer side (n,) of the smallest rectangle round each footprint, metres; how much of it is filled, 0..1.

    >>> [side.round(3).tolist() for side in sides(np.array([shapely.box(0, 0, 4, 9)]))]
    [[4.0], [9.0], [1.0]]
    """
    first, second, _ = _axes(footprint)
    one, other = np.hypot(*first.T), np.hypot(*second.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        filled = np.where(one * other > 0, shapely.area(footprint) / (one * other), 0.0)
    return np.minimum(one, other), np.maximum(one, other), np.minimum(filled, 1.0)


def wing_depth(footprint: ObjectArray) -> FloatArray:
    """Mean depth (n,) of the wings of each footprint, metres: what stands round a court is as deep as its wings are.

    >>> ring = shapely.box(0, 0, 30, 30).difference(shapely.box(6, 6, 24, 24))
    >>> wing_depth(np.array([ring])).tolist()
    [6.0]
    """
    around = shapely.length(footprint)
    return np.asarray(2.0 * shapely.area(footprint) / np.maximum(around, 1e-9))


def ridge_contrast(footprint: ObjectArray, label: IntArray, xy: FloatArray, grey: FloatArray) -> FloatArray:
    """How unlike the two halves along the long side of each roof are, in standard deviations within them; NaN unknown.

    label: (p,) which footprint a pixel lies in. xy: (p, 2) its centre, in the footprints' frame. grey: (p,). Fewer than
    `RIDGE_PIXELS` pixels in a half say nothing. What the halves across the short side differ by is taken off: a shadow or
    a gradient over the whole roof is no ridge.
    """
    first, second, centre = _axes(footprint)
    longer = (np.hypot(*first.T) >= np.hypot(*second.T))[:, None]
    along, across = np.where(longer, first, second), np.where(longer, second, first)
    off = xy - centre[label]
    gap = [_gap(label, grey, (off * axis[label]).sum(axis=1) > 0.0, len(footprint)) for axis in (across, along)]
    return np.maximum(gap[0] - np.nan_to_num(gap[1]), 0.0)


def _gap(label: IntArray, grey: FloatArray, half: BoolArray, count: int) -> FloatArray:
    """Distance of the means of two halves over the standard deviation within them (count,)."""
    slot = 2 * label + half
    number, total, squares = (
        np.bincount(slot, weights=weights, minlength=2 * count).reshape(count, 2)
        for weights in (np.ones(len(grey)), grey, grey * grey)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / number
        within = (squares - number * mean * mean).sum(axis=1) / number.sum(axis=1)
        gap = np.abs(mean[:, 0] - mean[:, 1]) / np.sqrt(np.maximum(within, 1e-12))
    return np.where((number >= RIDGE_PIXELS).all(axis=1), gap, np.nan)


def _axes(footprint: ObjectArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Two sides (n, 2) of the smallest rectangle round each footprint, and its middle; zeros for what is no area."""
    around: npt.NDArray[Any] = shapely.oriented_envelope(footprint)
    corner = np.zeros((len(footprint), 4, 2))
    whole = np.flatnonzero(shapely.get_num_coordinates(around) == 5)
    if len(whole):
        corner[whole] = shapely.get_coordinates(around[whole]).reshape(-1, 5, 2)[:, :4]
    return corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 1], corner.mean(axis=1)
