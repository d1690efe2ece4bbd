"""Footprints that touch themselves, or come to on the lattice, stand as closed solids all the same."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from cim.assembly import NO_PARTS
from cim.outlines import outlines
from cim.roofs import Roofs
from cim.solids import Stood, faults, raise_solids
from cim.types import RoofForm

BLOCK = shapely.box(0, 0, 20, 20).exterior
TOUCHING = {
    "a courtyard on the outline": [[(0, 5), (5, 8), (5, 3)]],
    "a courtyard in a corner": [[(0, 0), (5, 8), (8, 3)]],
    "a courtyard 5 mm from the outline": [[(0.005, 5), (5, 8), (5, 3)]],
    "two courtyards in a point": [[(5, 5), (5, 10), (10, 10)], [(10, 10), (15, 12), (12, 15)]],
    "a courtyard on the side of another": [[(5, 5), (5, 10), (10, 10), (10, 5)], [(10, 7), (15, 12), (12, 15)]],
}


def placed(footprint: shapely.Geometry, turn_deg: float) -> shapely.Geometry:
    return translate(rotate(footprint, turn_deg, origin=(0, 0)), 439876.4, 4439760.3)


def found(footprint: shapely.Geometry, form: RoofForm) -> list[int]:
    one = np.ones(1)
    told = Roofs(
        np.array([footprint]), np.array([form], dtype=np.uint8), np.zeros(1, np.uint8), 3 * one, np.nan * one,
        np.zeros(1, np.uint8),
    )  # fmt: skip
    stood = Stood.on(told, np.array([None]), 1000.0 * one, 6.0 * one)
    return [finding.code for finding in faults(raise_solids(stood, one > 0, one > 0, NO_PARTS), one > 0)]


@pytest.mark.parametrize("turn_deg", [pytest.param(0.0, marks=pytest.mark.long), 33.0])
@pytest.mark.parametrize("yards", TOUCHING.values(), ids=TOUCHING.keys())
def test_a_building_whose_courtyard_touches_something_is_a_solid(
    yards: list[list[tuple[float, float]]], turn_deg: float
) -> None:
    footprint = placed(shapely.Polygon(BLOCK, yards), turn_deg)
    assert found(footprint, RoofForm.flat) == found(footprint, RoofForm.hip) == []
    area = shapely.area(outlines(np.array([footprint])).footprints[0])
    assert area == pytest.approx(footprint.area, rel=0.02)  # drawn in by 6 cm, not filled


def test_parts_that_the_lattice_moves_together_are_one() -> None:
    apart = placed(shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(10.004, 3, 20, 14)]), 0.0)
    assert outlines(np.array([apart])).mended.tolist() == [0]
    assert found(apart, RoofForm.flat) == []


def test_what_is_sound_stays_as_it_is() -> None:
    yard = placed(shapely.Polygon(BLOCK, [[(2, 5), (5, 8), (5, 3)]]), 12.0)
    parts = placed(shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(10, 10, 20, 20)]), 0.0)
    cut = outlines(np.array([yard, parts, None]))
    assert cut.mended.size == cut.lost.size == 0
    assert cut.footprints[0] is yard


@pytest.mark.long
@settings(deadline=None, max_examples=150)
@given(
    st.floats(0.0, 80.0), st.lists(st.tuples(st.floats(0.5, 19.5), st.floats(0.5, 19.5)), min_size=2, max_size=5),
    st.sampled_from([0.0, 0.001, 0.005, 0.01, 0.02]), st.floats(0.0, 360.0), st.sampled_from([RoofForm.flat, RoofForm.hip]),
)  # fmt: skip
def test_any_courtyard_on_the_outline_or_just_off_it_leaves_a_solid(
    along: float, points: list[tuple[float, float]], gap: float, turn_deg: float, form: RoofForm
) -> None:
    inner = shapely.box(gap, gap, 20 - gap, 20 - gap).exterior
    yard = shapely.MultiPoint([inner.interpolate(along).coords[0], *points]).convex_hull
    if yard.geom_type != "Polygon" or yard.area < 0.1:
        return
    footprint = placed(shapely.Polygon(BLOCK, [yard.exterior.coords]), turn_deg)
    if not footprint.is_valid:
        footprint = shapely.make_valid(footprint, method="structure")  # as a load does
    assert found(footprint, form) == []
