"""Eaves that turn up at their corners: by how much and where, over which roofs, and that the bodies stay valid."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from cim.assembly import Assembled, Parts, raise_assemblies
from cim.assembly.raising import by_solid
from cim.geometry import Rings, clean, rings, snap, wind
from cim.mesh import volumes
from cim.roofs import Bodied, raise_bodies
from cim.types import FloatArray, RoofForm, Surface
from cim.validity import check, of_mesh

LOW, EAVES, HIGH = 1000.0, 1004.0, 1009.0
TURNING = [RoofForm.hip, RoofForm.hip_and_gable, RoofForm.pyramidal]


def hall(
    outline: shapely.Polygon, form: RoofForm, reach: float, *, tiers: int = 1, high: float = HIGH, curved: bool = True
) -> Bodied:
    raw, one = rings(np.array([outline], dtype=object)), np.ones(1)
    shape = wind(clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature)))
    return raise_bodies(
        shape, LOW * one, EAVES * one, high * one, np.array([form], dtype=np.uint8), reach * one, ground=True,
        tiers=np.array([tiers], dtype=np.uint8), curved=np.array([curved]),
    )  # fmt: skip


def underside(body: Bodied) -> FloatArray:
    return body.mesh.positions()[body.mesh.surface == Surface.overhang]


@pytest.mark.parametrize("form", TURNING)
def test_corners_lie_higher_and_further_out_and_the_middle_of_the_eaves_does_not(form: RoofForm) -> None:
    depth = 24 if form is RoofForm.pyramidal else 15
    body = hall(shapely.box(0, 0, 24, depth), form, 1.75)
    assert body.reasons == {}
    at = underside(body)
    corner = at[np.argmax(at[:, 0] + at[:, 1])]
    assert corner == pytest.approx([24 + 1.75 * 17 / 14, depth + 1.75 * 17 / 14, EAVES + 0.5], abs=1 / 64)
    front = at[at[:, 1] < -1.7]  # from corner to corner: out and up at both ends, and straight between
    front = front[np.argsort(front[:, 0])]
    assert front[:, 2].max() == pytest.approx(EAVES + 0.5)
    level = front[front[:, 2] == EAVES]
    assert level[:, 1] == pytest.approx(-1.75)
    assert np.ptp(level[:, 0]) > 10.0
    assert at[:, 2].min() == EAVES


def test_houses_scant_roofs_and_uneven_pyramids_have_level_eaves() -> None:
    box, many = shapely.box(0, 0, 24, 15), shapely.Point(0, 0).buffer(8.0, quad_segs=6)
    level = [
        hall(box, RoofForm.hip, 1.75, curved=False),
        hall(box, RoofForm.hip, 0.25),
        hall(shapely.box(0, 0, 24, 1.6), RoofForm.hip, 0.5),
        hall(box, RoofForm.gable, 1.75),
        hall(box, RoofForm.pyramidal, 1.75),
        hall(many, RoofForm.conical, 1.0),
    ]
    assert [set(underside(body)[:, 2].tolist()) for body in level] == [{EAVES}] * len(level)


@st.composite
def convex(draw: st.DrawFn) -> shapely.Polygon:
    """A rectangle, or the hull of a few points."""
    side = st.floats(2.0, 30.0)
    outline = shapely.box(0, 0, draw(side), draw(side))
    if draw(st.booleans()):
        points = draw(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=4, max_size=9, unique=True))
        hull = shapely.MultiPoint(points).convex_hull
        outline = hull if isinstance(hull, shapely.Polygon) and hull.area > 4 else outline
    return translate(rotate(outline, draw(st.sampled_from([0, 11, 33.3]))), 439876.0, 4439760.0)


@pytest.mark.long
@settings(deadline=None, max_examples=300)
@given(convex(), st.sampled_from([*TURNING, RoofForm.conical]), st.floats(0.4, 4.0), st.sampled_from([1, 2, 3]))
def test_halls_are_valid_and_hold_no_less_than_with_level_eaves_and_hang_over_more(
    outline: shapely.Polygon, form: RoofForm, reach: float, tiers: int
) -> None:
    body, straight = (hall(outline, form, each, tiers=tiers, high=EAVES + 6.0) for each in (reach, 0.0))
    assert check(of_mesh(body.mesh, 1)) == ()
    assert volumes(body.mesh, 1)[0] >= volumes(straight.mesh, 1)[0] * (1.0 - 1e-3) - 0.5
    roof = shapely.MultiPoint(body.mesh.positions()[body.mesh.surface == Surface.roof][:, :2]).convex_hull
    assert roof.buffer(0.02).covers(outline)


def storey(**stated: object) -> Assembled:
    """A roof round a storey on columns, and what else is stated."""
    inside = {"u_from_m": 2.0, "u_to_m": -2.0, "v_from_m": 2.0, "v_to_m": -2.0}
    ring = {
        "assembly": "a",
        "part": "roof",
        "kind": "block",
        "material": "tile",
        "low_m": 4.0,
        "high_m": 5.5,
        "lean_m": 2.8,
    }
    posts = {"assembly": "a", "part": "posts", "kind": "columns", "high_m": 4.2, "piece_m": 0.5, "gap_m": 2.0, **inside}
    posts |= {name: value * 0.6 for name, value in inside.items()}
    height = (np.array([value]) for value in (LOW - 1.0, LOW, LOW + 9.0))
    box = np.array([rotate(shapely.box(0, 0, 20, 14), 30.0)], dtype=object)
    return raise_assemblies(Parts.of([ring | stated, posts]), np.array(["a"], dtype=object), box, *height, closed=True)


@pytest.mark.parametrize("sides", [4, 6, 8])
def test_roofs_round_storeys_turn_up_and_columns_still_reach_into_them(sides: int) -> None:
    made = storey(sides=sides)
    assert check(of_mesh(by_solid(made.mesh, made.solid), int(made.solid.max()) + 1)) == ()
    at = made.mesh.positions()
    under = at[made.mesh.surface == Surface.overhang]
    assert under[:, 2].max() == pytest.approx(LOW + 4.0 + 0.75, abs=1 / 64)  # half of its own height at the most
    assert np.isin(LOW + 4.0, under[:, 2])
    if sides == 4:
        level = shapely.MultiPoint(under[under[:, 2] == LOW + 4.0][:, :2]).convex_hull
        assert level.buffer(0.05).covers(shapely.MultiPoint(at[at[:, 2] == snap(LOW + 4.2)][:, :2]))


def test_copings_of_walls_and_what_leans_on_some_sides_stay_level() -> None:
    for stated in (
        {"edges": "front back"},
        {"lean_m": 0.3},
        {"v_from": 0.5, "v_from_m": -1.0, "v_to": 0.5, "v_to_m": 1.0, "lean_m": 0.8},
    ):
        made = storey(**stated)
        assert made.reasons == {}
        under = made.mesh.positions()[made.mesh.surface == Surface.overhang]
        assert set(under[:, 2].tolist()) == {LOW + 4.0}
