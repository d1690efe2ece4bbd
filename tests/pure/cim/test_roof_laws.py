"""What holds of every roof over every footprint: closed, outward, within its heights, over its footprint, its own."""

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from cim.geometry import Rings, clean, rings, signed_areas, snap, wind
from cim.mesh import Mesh, volumes
from cim.roofs import Bodied, raise_bodies
from cim.roofs.skeleton import MOST_CORNERS, skeleton
from cim.types import FloatArray, RoofForm, Surface

FORMS = [form for form in RoofForm if form is not RoofForm.other]
LOW, EAVES = 1000.0, 1004.0


def standing(outlines: list[shapely.Polygon]) -> Rings:
    raw = rings(np.array(outlines, dtype=object))
    return wind(clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature)))


def roofed(
    outlines: list[shapely.Polygon], forms: list[RoofForm], *, high: float = 1007.0, overhang: float = 0.5, tiers: int = 1,
    curved: bool = True,
) -> Bodied:  # fmt: skip
    one = np.ones(len(outlines))
    return raise_bodies(
        standing(outlines), LOW * one, EAVES * one, high * one, np.array(forms, dtype=np.uint8), overhang * one,
        ground=True, tiers=tiers * one.astype(np.uint8), curved=one > 0 if curved else one < 0,
    )  # fmt: skip


@st.composite
def compound(draw: st.DrawFn) -> shapely.Polygon:
    """A rectangle with one or two more against it, or with a courtyard in it, in whole metres."""
    side = st.integers(3, 20)
    parts = [shapely.box(0, 0, draw(side), draw(side))]
    for _ in range(draw(st.integers(1, 3))):
        x, y = draw(st.integers(-8, 12)), draw(st.integers(-8, 12))
        parts.append(shapely.box(x, y, x + draw(side), y + draw(side)))
    if draw(st.booleans()):
        yard = draw(st.integers(1, 5))
        return parts[0].buffer(4, join_style="mitre").difference(parts[0].buffer(-1, join_style="mitre")).buffer(
            0.25 * yard, join_style="mitre"
        )  # fmt: skip
    whole = shapely.union_all(parts)
    return max(shapely.get_parts(whole).tolist(), key=lambda part: part.area)


@st.composite
def star(draw: st.DrawFn) -> shapely.Polygon:
    """Any polygon that is seen whole from its middle: corners in, corners out, and slivers among them."""
    radii = draw(st.lists(st.floats(0.4, 18.0), min_size=3, max_size=16))
    turn = np.linspace(0.0, 2.0 * np.pi, len(radii), endpoint=False)
    return shapely.Polygon(np.column_stack([np.cos(turn) * radii, np.sin(turn) * radii]))


@st.composite
def footprint(draw: st.DrawFn) -> shapely.Polygon:
    outline = draw(st.one_of(compound(), star()))
    return translate(rotate(outline, draw(st.sampled_from([0, 7, 37.3, 90]))), 439876.0, 4439760.0)


def assert_sound(mesh: Mesh, outline: Rings, row: int) -> None:
    """Every edge once each way, no roof or underside turned over, and the roof over the footprint exactly."""
    triangles = mesh.triangles[mesh.feature[mesh.triangles[:, 0]] == row]
    corners = mesh.positions()[triangles]
    edges = Counter(
        (a, b)
        for triangle in corners.tolist()
        for a, b in zip(map(tuple, triangle), map(tuple, triangle[1:] + triangle[:1]), strict=True)
    )
    assert all(times == 1 and edges[b, a] == 1 for (a, b), times in edges.items())
    step, across = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    plan = (step[:, 0] * across[:, 1] - step[:, 1] * across[:, 0]) / 2.0
    surface = mesh.surface[triangles[:, 0]]
    assert (plan[surface == Surface.roof] > 0).all()
    assert (plan[surface == Surface.overhang] < 0).all()
    area, round_it = signed_areas(outline).sum(), np.hypot(*(outline.xy[outline.following()] - outline.xy).T).sum()
    # Flush gables stand on walls that the lattice moves a little.
    assert plan[(surface == Surface.roof) | (surface == Surface.overhang)].sum() == pytest.approx(
        area, abs=0.02 * round_it
    )


def assert_lawful(outline: shapely.Polygon, form: RoofForm, *, tiers: int, overhang: float) -> None:
    shape = standing([outline])
    body = roofed([outline], [form], tiers=tiers, overhang=overhang)
    if len(body.failed) or not len(shape.feature) or not shapely.Polygon(shape.xy[: shape.start[1]]).is_valid:
        return
    assert body.form[0] == form or body.reasons[0]
    assert_sound(body.mesh, shape, 0)
    area = float(signed_areas(shape).sum())
    mesh, top = body.mesh, body.mesh.z.max()
    assert 1007.0 - 0.05 <= top <= 1007.0  # nodes that the lattice makes one may differ by as much
    hung = mesh.triangles[mesh.triangle_surface() == Surface.overhang]
    a, b, c = (mesh.positions()[hung][:, k, :2] for k in range(3))
    under = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2.0
    volume = float(volumes(mesh, 1)[0])
    assert area * (EAVES - LOW) - 1e-6 <= volume <= area * (top - LOW) + under * (top - EAVES) + 1e-6


ANY = (footprint(), st.sampled_from(FORMS), st.sampled_from([1, 1, 2, 3]), st.sampled_from([0.0, 0.5, 0.8, 2.0]))


@settings(deadline=None, max_examples=25)
@given(*ANY)
def test_a_roof_is_closed_and_covers_its_footprint(
    outline: shapely.Polygon, form: RoofForm, tiers: int, overhang: float
) -> None:
    assert_lawful(outline, form, tiers=tiers, overhang=overhang)


@pytest.mark.long
@settings(deadline=None, max_examples=300)
@given(*ANY)
def test_any_roof_is_closed_and_covers_its_footprint(
    outline: shapely.Polygon, form: RoofForm, tiers: int, overhang: float
) -> None:
    assert_lawful(outline, form, tiers=tiers, overhang=overhang)


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(footprint(), st.sampled_from(FORMS)), min_size=2, max_size=6), st.randoms())
def test_a_roof_does_not_hang_on_what_else_is_built(pairs: list[tuple[shapely.Polygon, RoofForm]], chance) -> None:
    def faces(mesh: Mesh, row: int) -> list[object]:
        mine = mesh.triangles[mesh.feature[mesh.triangles[:, 0]] == row]
        return sorted(zip(mesh.positions()[mine].tolist(), mesh.surface[mine[:, 0]].tolist(), strict=True))

    order = list(range(len(pairs)))
    chance.shuffle(order)
    together = roofed([pairs[k][0] for k in order], [pairs[k][1] for k in order])
    for place, k in enumerate(order):
        alone = roofed([pairs[k][0]], [pairs[k][1]])
        assert faces(alone.mesh, 0) == faces(together.mesh, place)
        assert alone.reasons.get(0) == together.reasons.get(place)


# --- skeletons -------------------------------------------------------------------------------------------------------


def loops(outline: shapely.Polygon) -> list[FloatArray]:
    shape = standing([outline])
    return np.split(shape.xy, shape.start[1:-1])


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=3, max_size=12))
def test_over_convex_outlines_a_slope_lies_where_its_side_is_nearest(points: list[tuple[float, float]]) -> None:
    outline = shapely.MultiPoint(points).convex_hull
    if outline.geom_type != "Polygon" or outline.buffer(-0.3).is_empty:
        return
    ring = loops(outline)[0]
    found = skeleton([ring])
    assert found is not None
    step = np.roll(ring, -1, axis=0) - ring
    inward = np.column_stack([-step[:, 1], step[:, 0]]) / np.hypot(*step.T)[:, None]
    away = np.einsum("knd,nd->kn", found.nodes[:, None, :2] - ring[None], inward)
    assert np.abs(away.min(axis=1) - found.nodes[:, 2]).max() < 1e-4
    for side, face in enumerate(found.faces):
        middle = found.nodes[list(face), :2].mean(axis=0)
        assert np.argmin(np.sum((middle - ring) * inward, axis=1)) == side


def test_the_skeleton_of_an_l_has_its_valley_and_its_hips() -> None:
    found = skeleton(loops(shapely.Polygon([(0, 0), (20, 0), (20, 6), (6, 6), (6, 15), (0, 15)])))
    assert found is not None
    inner = found.nodes[6:]
    assert sorted(map(tuple, np.round(inner, 9).tolist())) == [(3.0, 3.0, 3.0), (3.0, 12.0, 3.0), (17.0, 3.0, 3.0)]


# --- footprints that no roof fits -------------------------------------------------------------------------------------


def circle(corners: int) -> shapely.Polygon:
    turn = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    wobble = 30.0 + 0.6 * np.cos(40 * turn)
    return shapely.Polygon(np.column_stack([np.cos(turn) * wobble, np.sin(turn) * wobble]))


@pytest.mark.parametrize(
    ("outline", "reason"),
    [
        (circle(5000), f"more than {MOST_CORNERS} corners"),
        (shapely.box(0, 0, 12, 0.3), "narrower than 1.5 m"),
        (
            rotate(shapely.Polygon([(0, 0), (30, 0), (30, 0.3), (0.3, 0.3), (0.3, 20), (0, 20)]), 20),
            "narrower than 1.5 m",
        ),
    ],
)
def test_what_no_roof_fits_is_flat_with_a_reason(outline: shapely.Polygon, reason: str) -> None:
    body = roofed([outline, shapely.box(50, 50, 60, 58)], [RoofForm.hip, RoofForm.hip])
    assert body.form.tolist() == [RoofForm.flat, RoofForm.hip]
    assert reason in body.reasons[0]
    assert body.reasons.keys() == {0}
    assert volumes(body.mesh, 2)[0] > 0


@pytest.mark.parametrize("yard", [[(0, 0), (8, 3), (3, 8)], [(10, 0), (14, 6), (6, 6)]])
def test_no_roof_is_tried_over_a_courtyard_that_touches_the_street(yard: list[tuple[float, float]]) -> None:
    outline = shapely.Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], [yard])
    body = roofed([outline], [RoofForm.hip])
    assert body.form.tolist() == [RoofForm.flat]
    assert body.reasons == {0: "the footprint touches or crosses itself"}


def pitched(pitch_deg: float, form: RoofForm = RoofForm.gable, eaves: float = np.nan, high: float = 1010.0) -> Bodied:
    one = np.ones(1)
    return raise_bodies(
        standing([shapely.box(0, 0, 16, 8)]), LOW * one, eaves * one, high * one, np.array([form], dtype=np.uint8),
        0.0 * one, pitch_deg=pitch_deg * one,
    )  # fmt: skip


@pytest.mark.parametrize("pitch_deg", [0.0, -5.0, 80.0, 89.0, 90.0])
def test_a_pitch_that_is_none_makes_a_flat_roof_and_says_so(pitch_deg: float) -> None:
    body = pitched(pitch_deg)
    assert body.form.tolist() == [RoofForm.flat]
    assert body.reasons == {0: "the pitch is not above 0 and below 80 degrees"}
    assert body.mesh.z.max() == 1010.0


def test_the_pitch_tells_the_eaves_from_the_ridge_and_the_ridge_from_the_eaves() -> None:
    down = pitched(45.0)
    assert (down.eaves[0], down.high[0]) == (1006.0, 1010.0)
    up = pitched(45.0, eaves=1003.0, high=np.nan)
    assert (up.eaves[0], up.high[0]) == (1003.0, 1007.0)
    assert pitched(45.0, RoofForm.shed).eaves[0] == 1004.0  # a plane over all the width, at most 0.6 of the height
    assert pitched(60.0, eaves=1003.0, high=1005.0).high[0] == 1005.0  # heights that are given win


def test_tiers_of_eaves_stand_one_above_the_other() -> None:
    for tiers in (2, 3):
        body = roofed([shapely.box(0, 0, 20, 12)], [RoofForm.hip_and_gable], high=1012.0, tiers=tiers, overhang=0.25)
        assert body.reasons == {}
        under = body.mesh.z[body.mesh.surface == Surface.overhang]
        assert len(np.unique(under)) == tiers
        assert under.min() == EAVES
    body = roofed([shapely.box(0, 0, 20, 3)], [RoofForm.hip], tiers=3)
    assert "too narrow for so many tiers" in body.reasons[0]


def test_hollow_roofs_hold_less_than_straight_ones_and_rounded_ones_more() -> None:
    hall = shapely.box(0, 0, 20, 12)

    def volume(form: RoofForm, *, curved: bool) -> float:
        return float(volumes(roofed([hall], [form], overhang=0.0, curved=curved).mesh, 1)[0])

    for form in (RoofForm.gable, RoofForm.hip, RoofForm.hip_and_gable, RoofForm.pyramidal):
        assert volume(form, curved=True) < volume(form, curved=False)
    assert volume(RoofForm.round_ridge, curved=False) > volume(RoofForm.flush_gable, curved=False)


def test_a_hall_with_a_hollow_roof_stays_lean() -> None:
    body = roofed([shapely.box(0, 0, 20, 12)], [RoofForm.hip_and_gable], tiers=2, high=1012.0)
    assert len(body.mesh.triangles) <= 150
