"""Which roof is inferred: each rule, what photo and surface add, and what holds for any footprint."""

import tracemalloc

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.inference.footprint_sides import sides
from cim.inference.roof_forms import RULES, Evidence, infer
from cim.inference.roof_photo import ridge_contrast
from cim.inference.roof_relief import NO_FORM
from cim.types import RoofForm, Use

NAN = np.nan


def evidence(
    width=6.0,
    length=12.0,
    use="residential",
    year=0,
    storeys=1,
    height=5.0,
    eaves=NAN,
    old=False,
    ridge=NAN,
    spread=NAN,
    shown=NO_FORM,
    pitch=NAN,
    slope=NAN,
    name=None,
    stated=True,
):
    shape = shapely.affinity.rotate(shapely.box(0, 0, length, width), 31.0)
    pixels = 0 if np.isnan(spread) else 50
    known = (Use[use], year, storeys, height, eaves, old, ridge, spread, pixels, shown, pitch, slope, name, stated)
    return Evidence(np.array([shape]), *(np.array([value]) for value in known))


@pytest.mark.parametrize(
    ("known", "rule", "form"),
    [
        ({"width": 1.5, "use": "heritage"}, "wall", "flat"),
        ({"spread": 0.05, "old": True}, "surface_is_flat", "flat"),
        ({"spread": 2.0, "slope": 2.0, "old": True}, "surface_is_flat", "flat"),
        ({"spread": 0.8, "shown": RoofForm.hip, "storeys": 6, "height": 20.0}, "surface_shows_form", "hip"),
        ({"spread": 0.8, "shown": RoofForm.hip, "use": "religious"}, "surface_shows_form", "hip_and_gable"),
        ({"spread": 0.8, "shown": RoofForm.gable, "old": True}, "surface_shows_form", "flush_gable"),
        ({"spread": 0.8, "shown": RoofForm.shed, "year": 1995}, "surface_shows_form", "shed"),
        ({"width": 18.0, "length": 60.0, "height": 14.0, "use": "heritage", "name": "城墙"}, "rampart", "flat"),
        ({"width": 18.0, "length": 100.0, "height": 14.0, "use": "heritage"}, "rampart", "flat"),
        ({"storeys": 6, "height": 18.0, "old": True}, "tower_block", "flat"),
        ({"width": 30.0, "length": 60.0}, "tower_block", "flat"),
        ({"width": 9.0, "length": 10.0, "use": "heritage", "old": True}, "pavilion", "pyramidal"),
        ({"width": 7.0, "length": 7.0, "use": "public", "old": True}, "pavilion", "pyramidal"),
        ({"width": 18.0, "length": 34.0, "height": 16.0, "use": "religious"}, "hall", "hip_and_gable"),
        ({"width": 12.0, "length": 20.0, "use": "heritage", "name": "瓮城门楼"}, "hall", "hip_and_gable"),
        ({"width": 6.0, "length": 20.0, "use": "religious"}, "wing", "gable"),
        ({"old": True}, "court_house", "flush_gable"),
        ({"year": 1890}, "court_house", "flush_gable"),
        ({"year": 1995, "spread": 0.9, "slope": 30.0}, "surface_is_pitched", "gable"),
        ({"spread": 0.9, "slope": 30.0, "storeys": 5, "height": 15.0}, "surface_is_pitched", "gable"),
        ({"year": 1995, "eaves": 4.0}, "eaves_below_top", "gable"),
        ({"year": 1995, "old": True}, "rebuilt", "flush_gable"),
        ({"year": 1995, "old": True, "use": "industrial", "storeys": 2}, "nothing_speaks_for_a_pitch", "flat"),
        ({"year": 1995, "ridge": 2.0}, "ridge_in_photo", "gable"),
        ({"year": 1995}, "height_over_storeys", "gable"),
        ({"year": 1995, "height": 3.9}, "nothing_speaks_for_a_pitch", "flat"),
        ({"year": 1995, "stated": False}, "nothing_speaks_for_a_pitch", "flat"),
        ({"use": "industrial", "width": 18.0, "length": 40.0}, "workshop", "gable"),
        ({"use": "office"}, "nothing_speaks_for_a_pitch", "flat"),
    ],
)
def test_each_rule_decides_where_it_fits(known, rule, form):
    found = infer(evidence(**known))
    assert (found.rule[0], RoofForm(found.form[0]).name) == (rule, form)


def test_every_rule_is_shown_by_a_case_above():
    cases = test_each_rule_decides_where_it_fits.pytestmark[0].args[1]
    assert {rule for _, rule, _ in cases} == set(RULES)


def test_photo_and_surface_raise_and_lower_how_sure_a_form_is():
    sure = [infer(evidence(old=True, ridge=ridge)).confidence[0] for ridge in (2.0, NAN, 0.1)]
    assert sure == sorted(sure, reverse=True)
    assert len(set(sure)) == 3
    both = infer(evidence(old=True, ridge=2.0, spread=0.6, slope=25.0)).confidence[0]
    assert both > sure[0]


def test_known_eaves_stay_and_decide_the_pitch():
    found = infer(evidence(old=True, eaves=3.8))
    assert found.eaves_m[0] == 3.8
    assert found.pitch_deg[0] == pytest.approx(np.degrees(np.arctan(1.2 / 3.0)), abs=0.01)


def test_a_flat_roof_has_no_pitch_and_no_eaves_of_its_own():
    found = infer(evidence(use="office"))
    assert np.isnan([found.pitch_deg[0], found.eaves_m[0]]).all()


def test_the_pitch_that_the_surface_shows_is_taken():
    found = infer(evidence(shown=RoofForm.gable, pitch=20.0, spread=0.8, slope=20.0))
    assert found.pitch_deg[0] == pytest.approx(20.0, abs=0.1)
    assert found.eaves_m[0] == pytest.approx(5.0 - 3.0 * np.tan(np.radians(20.0)), abs=0.01)


def test_a_house_round_a_court_is_as_wide_as_its_wings_and_no_tower_block():
    row = evidence(old=True)
    ring = np.array([shapely.box(0, 0, 30, 34).difference(shapely.box(6, 6, 24, 28))])
    found = infer(Evidence(ring, *(getattr(row, name) for name in Evidence.__slots__ if name != "footprint")))
    assert (found.rule[0], found.eaves_m[0]) == ("court_house", pytest.approx(5.0 - 3.0 * 0.5, abs=0.02))


def test_what_is_no_area_gets_a_form_too():
    row = evidence(old=True)
    shapes = np.array([shapely.Polygon()])
    found = infer(Evidence(shapes, *(getattr(row, name) for name in Evidence.__slots__ if name != "footprint")))
    assert found.rule[0] == "wall"


@settings(max_examples=40, deadline=None)
@given(
    st.floats(2.5, 40), st.floats(2.5, 90), st.sampled_from([use.name for use in Use]), st.integers(0, 12),
    st.floats(1.0, 60.0), st.booleans(), st.sampled_from([NAN, 0.0, 3.0]), st.sampled_from([NAN, 0.02, 1.0]),
)  # fmt: skip
def test_eaves_lie_within_the_body_and_the_same_evidence_gives_the_same_roof(
    width, length, use, storeys, height, old, ridge, spread
):
    one = evidence(min(width, length), max(width, length), use, 0, storeys, height, NAN, old, ridge, spread)
    found, again = infer(one), infer(one)
    pitched = found.form[0] != RoofForm.flat
    assert np.isfinite(found.eaves_m[0]) == pitched
    if pitched:
        assert 0.5 * height <= found.eaves_m[0] < height
        assert 0.0 < found.pitch_deg[0] <= 30.0
    assert 0.05 <= found.confidence[0] <= 0.95
    assert (found.form[0], found.rule[0]) == (again.form[0], again.rule[0])


def painted(rng, footprint, angle, light, noise=4.0, slope=0.0):
    """Pixels of half a metre of a roof whose halves, north and south of its long axis before it was turned, differ."""
    x0, y0, x1, y1 = footprint.bounds
    x, y = np.meshgrid(np.arange(x0, x1, 0.5) + 0.25, np.arange(y0, y1, 0.5) + 0.25)
    x, y = x.ravel(), y.ravel()
    inside = shapely.contains_xy(footprint, x, y)
    xy = np.column_stack([x[inside], y[inside]])
    middle = np.array(footprint.centroid.coords[0])
    turn = np.radians(angle)
    across = (xy - middle) @ np.array([-np.sin(turn), np.cos(turn)])
    along = (xy - middle) @ np.array([np.cos(turn), np.sin(turn)])
    return xy, 120.0 + light * np.sign(across) + slope * along + rng.normal(0.0, noise, len(xy))


@pytest.mark.parametrize(
    ("light", "slope", "is_seen"), [(8.0, 0.0, True), (-8.0, 0.0, True), (0.0, 0.0, False), (0.0, 3.0, False)]
)
def test_a_ridge_is_seen_by_its_two_faces_whichever_way_the_house_is_turned(light, slope, is_seen):
    rng = np.random.default_rng(7)
    angles = (0.0, 25.0, 90.0, 140.0)
    shapes, xys, greys, labels = [], [], [], []
    for number, angle in enumerate(angles):
        shape = shapely.affinity.rotate(shapely.box(40 * number, 0, 40 * number + 14, 7), angle)
        xy, grey = painted(rng, shape, angle, light, slope=slope)
        shapes.append(shape)
        xys.append(xy)
        greys.append(grey)
        labels.append(np.full(len(xy), number))
    found = ridge_contrast(np.array(shapes), np.concatenate(labels), np.concatenate(xys), np.concatenate(greys))
    assert (found >= 1.0).all() if is_seen else (found < 0.5).all()


@pytest.mark.parametrize(("light", "is_seen"), [(8.0, True), (0.0, False)])
def test_the_wings_of_a_court_are_seen_by_the_side_each_falls_to(light, is_seen):
    ring = shapely.box(0, 0, 24, 20).difference(shapely.box(5, 5, 19, 15))
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0.25, 24, 0.5), np.arange(0.25, 20, 0.5)))
    inside = shapely.contains_xy(ring, x, y)
    x, y = x[inside], y[inside]
    sunny = [((0, 0), (24, 0)), ((5, 15), (19, 15))]
    north = [((0, 20), (24, 20)), ((5, 5), (19, 5))]
    sides = [((0, 0), (0, 20)), ((24, 0), (24, 20)), ((5, 5), (5, 15)), ((19, 5), (19, 15))]
    walls = shapely.linestrings(sunny + north + sides)
    south = shapely.distance(shapely.points(x, y)[:, None], walls[None]).argmin(axis=1) < 2
    noise = np.random.default_rng(3).normal(0.0, 4.0, len(x))
    grey = 120.0 + light * south + 0.5 * x + noise
    found = ridge_contrast(np.array([ring]), np.zeros(len(x), dtype=np.int64), np.column_stack([x, y]), grey)
    assert found[0] >= 1.0 if is_seen else found[0] < 0.5


def test_a_roof_of_few_pixels_says_nothing():
    shape = np.array([shapely.box(0, 0, 3, 2), shapely.box(9, 0, 12, 2)])
    found = ridge_contrast(shape, np.zeros(20, dtype=np.int64), np.zeros((20, 2)), np.ones(20))
    assert np.isnan(found).all()


def test_sides_are_those_of_the_smallest_rectangle():
    shape = shapely.affinity.rotate(shapely.box(0, 0, 3, 8).difference(shapely.box(0, 0, 1, 8)), 40.0)
    width, length, filled = sides(np.array([shape]))
    assert (width[0], length[0], filled[0]) == pytest.approx((2.0, 8.0, 1.0))


def test_a_wall_of_many_bastions_is_looked_at_edge_by_edge():
    wall = shapely.box(0, 0, 800, 8)
    for x in range(0, 800, 20):
        wall = wall.union(shapely.box(x, 8, x + 10, 18))
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0.5, 800), np.arange(0.5, 18)))
    inside = shapely.contains_xy(wall, x, y)
    xy = np.column_stack([x, y])[inside]
    turned = shapely.transform(wall, lambda at: at @ [[0.8, 0.6], [-0.6, 0.8]])
    tracemalloc.start()
    found = ridge_contrast(
        np.array([turned]), np.zeros(len(xy), dtype=int), xy @ [[0.8, 0.6], [-0.6, 0.8]], np.sin(xy[:, 0])
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(found).all()
    assert peak < 30 * xy.nbytes  # an edge has each pixel but once: there are more than a hundred
