"""Assemblies: parts become closed solids of the stated sizes, or the building says which part could not be built and why."""

import numpy as np
import pytest
import shapely
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from cim.assembly import UNFIT, UNKNOWN, Assembled, Parts, fault, raise_assemblies, raise_assembly
from cim.assembly.parts import EDGES, Kind
from cim.types import RoofForm, Surface

BASE, FOOT = 1000.0, 998.5
INSIDE = {"u_from_m": 3.0, "u_to_m": -3.0, "v_from_m": 3.0, "v_to_m": -3.0}
SAMPLES = {
    Kind.block: {"high_m": 6.0, "lean_m": 1.0},
    Kind.steps: {"high_m": 2.0, "lean_m": 1.5, "repeat": 4},
    Kind.parapet: {"low_m": 6.0, "high_m": 7.5, "thick_m": 0.5, "piece_m": 1.5, "gap_m": 0.7},
    Kind.columns: {"high_m": 5.0, "piece_m": 0.6, "gap_m": 2.0},
    Kind.storeys: {"high_m": 20.0, "repeat": 5, "lean_m": 2.0, "rise_m": 1.0, "overhang_m": 0.8, "sides": 8},
    Kind.gateway: {"high_m": 9.0, "piece_m": 4.0, "rise_m": 6.0},
    Kind.hall: {"high_m": 9.0, "rise_m": 3.0, "roof_form": "hip_and_gable", "overhang_m": 1.0},
}


def row(kind: Kind = Kind.block, **stated: object) -> dict[str, object]:
    return {"assembly": "a", "part": kind.name, "kind": kind.name, **SAMPLES[kind], **stated}


def bare(**stated: object) -> dict[str, object]:
    return {"assembly": "a", "part": "p", "kind": "block", **stated}


def built(
    rows: list[dict[str, object]], *shapes: shapely.Polygon, name: str = "a", height: float = 14.0, closed: bool = True
) -> Assembled:
    count = len(shapes)
    heights = (np.full(count, value) for value in (FOOT, BASE, BASE + height))
    names = np.full(count, name, dtype=object)
    return raise_assemblies(Parts.of(rows), names, np.array(shapes, dtype=object), *heights, closed=closed)


def solids(made: Assembled) -> list[trimesh.Trimesh]:
    at, owner = made.mesh.positions(), made.solid[made.mesh.triangles[:, 0]]
    return [
        trimesh.Trimesh(**trimesh.triangles.to_kwargs(at[made.mesh.triangles[owner == k]]), process=True)
        for k in np.unique(owner).tolist()
    ]


def assert_sound(made: Assembled) -> None:
    for solid in solids(made):
        assert solid.is_watertight
        assert solid.is_winding_consistent
        assert solid.volume > 0
    corner = made.mesh.positions()[made.mesh.triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    size = np.linalg.norm(normal, axis=1)
    assert (size > 0).all()
    agreeing = np.sum(normal / size[:, None] * made.mesh.normal[made.mesh.triangles[:, 0]], axis=1)
    broad = size / np.linalg.norm(np.roll(corner, -1, axis=1) - corner, axis=2).max(axis=1) > 0.3
    assert (agreeing > 0.0).all()
    assert (agreeing[broad] > 0.95).all()  # the lattice twists narrow faces by some degrees


def widths(made: Assembled, z: float) -> list[float]:
    at = made.mesh.positions()
    return np.ptp(at[at[:, 2] == z], axis=0)[:2].tolist()


def test_a_battered_wall_has_exactly_the_stated_height_and_widths() -> None:
    wall = bare(lean_m=3.0, edges="front back", high=1.0)
    made = built([wall], shapely.box(0, 0, 60, 18))
    assert widths(made, FOOT) == [60.0, 18.0]  # straight down below the ground, so that the batter starts on it
    assert widths(made, BASE) == [60.0, 18.0]
    assert widths(made, BASE + 14.0) == [60.0, 12.0]
    assert solids(made)[0].volume == 60.0 * (18.0 * 1.5 + 15.0 * 14.0)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("turn", [0, 31])
def test_every_kind_of_part_is_made_of_closed_solids(kind: Kind, turn: int) -> None:
    made = built([row(kind)], rotate(shapely.box(0, 0, 24, 15), turn))
    assert made.reasons == {}
    assert_sound(made)


def test_merlons_are_as_wide_as_stated_with_gaps_no_narrower() -> None:
    made = built([row(Kind.parapet, edges="front")], shapely.box(0, 0, 20, 9))
    spans = sorted(tuple(solid.bounds[:, 0].tolist()) for solid in solids(made))
    assert len(spans) == 9  # (20 + 0.7) / 2.2
    assert (spans[0][0], spans[-1][1]) == (0.0, 20.0)
    assert {end - start for start, end in spans} <= {1.5, 1.5 + 1 / 64, 1.5 - 1 / 64}
    assert min(b[0] - a[1] for a, b in zip(spans[:-1], spans[1:], strict=True)) >= 0.7 - 1 / 64


def test_parapets_round_all_edges_do_not_meet_in_the_corners() -> None:
    made = built([row(Kind.parapet, piece_m=None, gap_m=None)], shapely.box(0, 0, 20, 9))
    plan = [shapely.box(*solid.bounds[0, :2], *solid.bounds[1, :2]) for solid in solids(made)]
    assert sum(one.area for one in plan) == shapely.union_all(plan).area == 2 * 20 * 0.5 + 2 * 8 * 0.5


def test_columns_stand_in_the_corners_once() -> None:
    made = built([row(Kind.columns)], shapely.box(0, 0, 20, 9))
    middles = {tuple(np.round(solid.bounds[:, :2].mean(axis=0), 1).tolist()) for solid in solids(made)}
    assert len(middles) == len(solids(made)) == 2 * 8 + 2 * 2
    assert {(0.3, 0.3), (19.7, 8.7)} <= middles


def test_a_gateway_is_open_from_front_to_back() -> None:
    made = built([row(Kind.gateway)], shapely.box(0, 0, 20, 9))
    (solid,) = solids(made)
    vault = 0.5 * 2.0**2 * 8 * np.sin(np.pi / 8)  # half a circle of radius 2 m, in eight chords
    opening = 4.0 * (4.0 + BASE - FOOT) + vault
    assert solid.volume == pytest.approx(9.0 * (20.0 * (9.0 + BASE - FOOT) - opening), rel=1e-3)
    assert made.mesh.z[made.mesh.surface == Surface.overhang].max() == BASE + 6.0


def test_storeys_stand_upon_one_another_and_grow_narrower() -> None:
    made = built([row(Kind.storeys, sides=4)], shapely.box(0, 0, 12, 12))
    drums = [solid.bounds for k, solid in enumerate(solids(made)) if k < 5]
    assert [round(float(b[1, 0] - b[0, 0]), 1) for b in drums] == [12.0, 11.2, 10.4, 9.6, 8.8]
    assert [float(b[0, 2]) for b in drums] == [FOOT, *(BASE + 4.0 * k for k in range(1, 5))]


def test_faces_between_plans_of_many_sides_are_flat_on_a_long_footprint_too() -> None:
    made = built([row(Kind.block, sides=8, lean_m=2.0)], shapely.box(0, 0, 30, 9))
    corner = made.mesh.positions()[made.mesh.triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    assert (np.sum(normal * made.mesh.normal[made.mesh.triangles[:, 0]], axis=1) > 0.9999).all()


def test_roofs_walls_and_floors_are_told_apart() -> None:
    told = {
        "brick": {Surface.wall, Surface.outer_floor, Surface.ground},
        "tile": {Surface.roof, Surface.ground},
    }
    for material, expected in told.items():
        made = built([row(Kind.block, material=material)], shapely.box(0, 0, 20, 9))
        assert {Surface(code) for code in made.mesh.surface.tolist()} == expected
    lifted = built([row(Kind.block, low_m=2.0)], shapely.box(0, 0, 20, 9))
    assert Surface.overhang in lifted.mesh.surface


@pytest.mark.parametrize(
    ("bearing", "corner"), [("", "min"), ("@180", "min"), ("@0", "max"), ("@365", "max"), ("@172.5", "min")]
)
def test_the_front_faces_the_bearing_that_the_building_states_or_else_the_south(bearing: str, corner: str) -> None:
    made = built([bare(high_m=5.0, v_to=0.0, v_to_m=2.0)], shapely.box(0, 0, 20, 9), name=f"a{bearing}")
    plan = made.mesh.positions()[:, 1]
    assert (plan.min(), plan.max()) == ((0.0, 2.0) if corner == "min" else (7.0, 9.0))


def test_a_bearing_may_make_a_short_side_the_front() -> None:
    made = built([bare(high_m=5.0, v_to=0.0, v_to_m=2.0)], shapely.box(0, 0, 20, 9), name="a@90")
    assert made.mesh.positions()[:, 0].min() == 18.0


def test_hidden_faces_are_left_out_of_what_is_drawn_and_nothing_else() -> None:
    rows = [row(kind) for kind in Kind]
    whole, open_ = (built(rows, shapely.box(0, 0, 24, 15), closed=closed) for closed in (True, False))
    triangles = [
        {tuple(map(tuple, corner)) for corner in made.mesh.positions()[made.mesh.triangles].tolist()}
        for made in (whole, open_)
    ]
    assert triangles[1] < triangles[0]
    for corner in triangles[0] - triangles[1]:
        assert len({z for _, _, z in corner}) == 1  # what is left out lies flat, and looks down


@pytest.mark.parametrize(
    ("shape", "rows", "name", "code", "why"),
    [
        (shapely.box(0, 0, 9, 9), [row()], "b", UNKNOWN, "no assembly 'b'"),
        (shapely.box(0, 0, 9, 9), [row()], "a@north", UNKNOWN, "no assembly 'a@north'"),
        (shapely.box(0, 0, 9, 9), [row(Kind.steps, repeat=None)], "a", UNFIT, "needs repeat above 0"),
        (shapely.Polygon([(0, 0), (20, 0), (20, 5), (5, 5), (5, 20), (0, 20)]), [row()], "a", UNFIT, "covers 44 %"),
        (shapely.box(0, 0, 9, 5), [row(**INSIDE)], "a", UNFIT, "'block' has no width"),
        (shapely.box(0, 0, 9, 5), [row(lean_m=2.5)], "a", UNFIT, "none left where it has leaned in"),
        (shapely.box(0, 0, 9, 9), [row(v_from_m=-6.0)], "a", UNFIT, "more than 5 m beyond"),
        (shapely.box(0, 0, 9, 9), [row(Kind.hall, overhang_m=6.0)], "a", UNFIT, "more than 5 m beyond"),
        (shapely.box(0, 0, 9, 9), [row(low_m=20.0, high=1.0, high_m=None)], "a", UNFIT, "ends in height"),
        (shapely.box(0, 0, 9, 9), [row(Kind.gateway, piece_m=9.0)], "a", UNFIT, "no room for its opening"),
        (shapely.box(0, 0, 9, 9), [row(Kind.hall, rise_m=9.0)], "a", UNFIT, "a roof as high as itself"),
        (shapely.box(0, 0, 9, 9), [row(Kind.storeys, sides=4, edges="front", lean_m=5.0)], "a", UNFIT, "none left"),
        (shapely.box(0, 0, 9, 9), [row(Kind.storeys, rise_m=0.01)], "a", UNFIT, "roofs of no height"),
        (shapely.box(0, 0, 9, 9), [row(Kind.storeys, rise_m=4.0)], "a", UNFIT, "roofs as high as its storeys"),
        (shapely.box(0, 0, 9, 9), [row(Kind.parapet, thick_m=5.0)], "a", UNFIT, "thicker than its rectangle"),
        (shapely.box(0, 0, 9000, 9), [row(Kind.columns)], "a", UNFIT, "more than 2000 pieces"),
    ],
)  # fmt: skip
def test_a_building_that_cannot_be_built_says_why_and_the_rest_goes_on(
    shape: shapely.Polygon, rows: list[dict[str, object]], name: str, code: str, why: str
) -> None:
    made = built(rows, shape, name=name)
    assert made.reasons[0][0] == code
    assert why in made.reasons[0][1]
    assert len(made.mesh.z) == 0
    both = [*rows, {**row(), "assembly": "good"}]
    shapes = np.array([shape, shapely.box(0, 0, 9, 9)], dtype=object)
    heights = (np.full(2, value) for value in (FOOT, BASE, BASE + 14.0))
    mixed = raise_assemblies(Parts.of(both), np.array([name, "good"], dtype=object), shapes, *heights)
    assert list(mixed.reasons) == [0]
    assert set(mixed.mesh.feature.tolist()) == {1}


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"kind": "tower"}, "is of kind 'tower'; expected one of block, steps"),
        ({"lean_m": "wide"}, "has 'wide' as its lean_m; expected a number"),
        ({"lean_m": float("nan")}, "as its lean_m; expected a number"),
        ({"overhang_m": -1.0}, "has a negative overhang_m"),
        ({"u_from": 0.6, "u_to": 0.4}, "ends along the front where it begins"),
        ({"v_from": 1.0}, "ends away from the front where it begins"),
        ({"low_m": 3.0, "high_m": 2.0}, "ends in height where it begins"),
        ({"kind": "columns", "piece_m": 0.5}, "needs gap_m above 0"),
        ({"kind": "columns", "piece_m": 0.1, "gap_m": 0.0}, "repeats every 0.1 m; expected 0.25 m or more"),
        ({"kind": "parapet", "thick_m": 0.4, "piece_m": 1.0}, "without the gap between them"),
        ({"kind": "hall", "rise_m": 2.0}, "needs roof_form"),
        ({"kind": "hall", "rise_m": 2.0, "roof_form": "onion"}, "a roof of form 'onion'"),
        ({"kind": "steps", "repeat": 1, "lean_m": 1.0}, "has one step"),
        ({"kind": "storeys", "repeat": 100, "rise_m": 1.0}, "is repeated 100 times"),
        ({"sides": 40}, "a plan of 40 sides"),
        ({"sides": 8, "edges": "front"}, "its edges are those of a rectangle"),
        ({"edges": "front north"}, "stands on the edge 'north'"),
        ({"material": "cheese"}, "is made of 'cheese'"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_built_is_told_of_in_one_sentence(stated: dict[str, object], why: str) -> None:
    told = fault(bare(**stated))
    assert told is not None
    assert told.startswith("part 'p' of 'a'")
    assert why in told
    assert Parts.of([bare(**stated), {**row(), "assembly": "b"}]).broken == {"a": told}


def test_one_building_alone_is_given_as_its_closed_solids() -> None:
    parts = Parts.of([row(kind) for kind in Kind])
    found = raise_assembly(parts, "a@10", shapely.box(0, 0, 24, 15), FOOT, BASE, BASE + 14.0)
    assert found is not None
    mesh, solid = found
    assert sorted(set(mesh.feature.tolist())) == solid.tolist() == list(range(len(solid)))
    assert raise_assembly(parts, "b", shapely.box(0, 0, 24, 15), FOOT, BASE, BASE + 14.0) is None


def test_a_building_comes_out_the_same_among_others() -> None:
    rows = [row(kind) for kind in Kind]
    shapes = [translate(rotate(shapely.box(0, 0, 24, 15), 20 * k), 439876.0 + 90 * k, 4439760.0) for k in range(4)]
    alone, among = built(rows, shapes[2]), built(rows, *shapes)
    mine = among.mesh.feature[among.mesh.triangles[:, 0]] == 2
    at = [made.mesh.positions()[made.mesh.triangles[chosen]] for made, chosen in ((alone, slice(None)), (among, mine))]
    assert (at[0] == at[1]).all()


SHARES = st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0])
METRES = st.floats(-4.0, 4.0)
PARTS = st.fixed_dictionaries({
    "kind": st.sampled_from([kind.name for kind in Kind]),
    "u_from": SHARES, "u_from_m": METRES, "u_to": SHARES, "u_to_m": METRES, "v_from": SHARES, "v_from_m": METRES,
    "v_to": SHARES, "v_to_m": METRES, "low": SHARES, "low_m": METRES, "high": SHARES, "high_m": st.floats(0.0, 9.0),
    "lean_m": st.floats(-2.0, 3.0), "repeat": st.integers(1, 9), "sides": st.sampled_from([3, 4, 4, 4, 6, 8, 17]),
    "edges": st.lists(st.sampled_from(EDGES), max_size=4).map(" ".join),
    "piece_m": st.floats(0.0, 5.0), "gap_m": st.floats(0.0, 3.0), "thick_m": st.floats(0.0, 2.0),
    "rise_m": st.floats(0.0, 6.0), "overhang_m": st.floats(0.0, 2.0),
    "roof_form": st.sampled_from([form.name for form in RoofForm]),
    "material": st.sampled_from(["brick", "tile", None]),
})  # fmt: skip


@pytest.mark.long
@settings(deadline=None, max_examples=400)
@given(PARTS, st.floats(2.0, 40.0), st.floats(2.0, 40.0), st.floats(0.0, 360.0))
def test_any_part_on_any_rectangle_is_closed_or_has_a_reason(
    part: dict[str, object], width: float, depth: float, turn: float
) -> None:
    shape = translate(rotate(shapely.box(0, 0, width, depth), turn), 439876.0, 4439760.0)
    made = built([bare(**part)], shape)
    if made.reasons:
        assert len(made.mesh.z) == 0
        return
    assert_sound(made)
    assert made.mesh.z.min() >= FOOT
    assert shape.buffer(5.1, join_style="mitre").covers(shapely.MultiPoint(made.mesh.positions()[:, :2]))
