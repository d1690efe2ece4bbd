"""Extruded footprints: closed, outward, of the right volume, whatever their shape."""

import numpy as np
import pytest
import shapely
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.geometry import Rings, clean, rings, snap, wind
from cim.mesh import Mesh, boxes, extrude, join, triangulate, volumes, walls
from cim.types import Surface

SHAPES = {
    "rectangle": shapely.box(0, 0, 20, 8),
    "l": shapely.Polygon([(0, 0), (20, 0), (20, 8), (8, 8), (8, 25), (0, 25)]),
    "courtyard": shapely.box(0, 0, 30, 30).difference(shapely.box(10, 10, 20, 20)),
    "courts": shapely.box(0, 0, 40, 20) - shapely.box(5, 5, 15, 15) - shapely.box(25, 5, 35, 15),
    "parts": shapely.MultiPolygon([shapely.box(0, 0, 5, 5), shapely.box(9, 0, 15, 5)]),
    "comb": shapely.box(0, 0, 30, 9) - shapely.box(4, 3, 11, 9) - shapely.box(15, 3, 26, 9),
}


def shape_of(*polygons: shapely.Geometry) -> Rings:
    raw = rings(np.array(polygons, dtype=object))
    return wind(clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature)))


def solid(mesh: Mesh, feature: int = 0) -> trimesh.Trimesh:
    mine = mesh.triangles[mesh.feature[mesh.triangles[:, 0]] == feature]
    return trimesh.Trimesh(**trimesh.triangles.to_kwargs(mesh.positions()[mine]), process=True)


def assert_closed(mesh: Mesh, feature: int = 0) -> None:
    body = solid(mesh, feature)
    assert body.is_watertight
    assert body.is_winding_consistent
    assert body.volume > 0


def face_normals(mesh: Mesh) -> np.ndarray:
    corner = mesh.positions()[mesh.triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    return np.asarray(normal / np.linalg.norm(normal, axis=1)[:, None])


@pytest.mark.parametrize("name", SHAPES)
def test_an_extrusion_is_a_closed_solid_of_area_times_height(name: str) -> None:
    mesh, failed = extrude(shape_of(SHAPES[name]), np.array([1000.0]), np.array([1012.5]), ground=True)
    assert len(failed) == 0
    assert_closed(mesh)
    assert volumes(mesh, 1)[0] == pytest.approx(SHAPES[name].area * 12.5, rel=1e-12)


def test_normals_are_those_of_the_faces_and_surfaces_say_what_they_are() -> None:
    mesh, _ = extrude(shape_of(*SHAPES.values()), np.zeros(6), np.full(6, 5.0), ground=True)
    assert np.allclose(face_normals(mesh), mesh.normal[mesh.triangles[:, 0]], atol=1e-9)
    up = mesh.normal[:, 2]
    assert ((mesh.surface == Surface.roof) == (up == 1)).all()
    assert ((mesh.surface == Surface.ground) == (up == -1)).all()


def test_the_ground_face_is_left_out_of_tiles() -> None:
    mesh, _ = extrude(shape_of(SHAPES["l"]), np.zeros(1), np.full(1, 5.0))
    assert set(mesh.triangle_surface().tolist()) == {Surface.wall, Surface.roof}


def test_features_stay_together_in_rising_order() -> None:
    mesh, _ = extrude(shape_of(*SHAPES.values()), np.zeros(6), np.full(6, 5.0), ground=True)
    owner = mesh.feature[mesh.triangles]
    assert (np.diff(mesh.feature) >= 0).all()
    assert (owner == owner[:, :1]).all()
    assert (np.diff(owner[:, 0]) >= 0).all()


def test_a_body_does_not_depend_on_its_neighbours() -> None:
    low, high = np.array([3.0, 4.0]), np.array([9.0, 8.0])
    together, _ = extrude(shape_of(SHAPES["l"], SHAPES["courtyard"]), low, high)
    alone, _ = extrude(shape_of(SHAPES["courtyard"]), low[1:], high[1:])
    mine = together.feature == 1
    assert together.positions()[mine].tolist() == alone.positions().tolist()
    assert together.normal[mine].tolist() == alone.normal.tolist()


def test_a_polygon_that_crosses_itself_is_reported_not_raised() -> None:
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 8)])
    mesh, failed = extrude(shape_of(SHAPES["l"], bow), np.zeros(2), np.full(2, 5.0), ground=True)
    assert failed.tolist() == [1]
    assert set(mesh.feature.tolist()) == {0}
    assert_closed(mesh)


def test_a_triangulation_leaves_out_no_corner_of_an_aligned_courtyard() -> None:
    """Earcut drops corners that its bridges make collinear, and the wall below them would gape."""
    diagonal = shapely.Polygon([(0, 0), (12, 0), (12, 12), (0, 12)], [[(4, 4), (4, 8), (8, 8), (8, 4)]])
    chain = shapely.box(0, 0, 30, 9)
    for k in range(4):
        chain = chain - shapely.box(3 + 6 * k, 3, 6 + 6 * k, 6)
    shape = shape_of(diagonal, chain)
    caps = triangulate(shape)
    assert len(caps.failed) == 0
    assert np.unique(caps.triangles).tolist() == list(range(len(shape.xy)))
    mesh, _ = extrude(shape, np.zeros(2), np.ones(2), ground=True)
    assert_closed(mesh, 0)
    assert_closed(mesh, 1)


def test_meshes_join_feature_by_feature() -> None:
    one, two = shape_of(SHAPES["l"]), shape_of(SHAPES["rectangle"], SHAPES["l"])
    joined = join(walls(two, np.zeros(2), np.ones(2)), walls(one, np.zeros(1), np.ones(1)))
    assert np.bincount(joined.feature).tolist() == [4 * (4 + 6), 4 * 6]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(3, 30), st.floats(0.2, 1.0)), min_size=3, max_size=14),
    st.floats(0, 360),
    st.booleans(),
)
def test_star_shaped_footprints_become_closed_solids(
    spokes: list[tuple[int, float]], turn: float, has_hole: bool
) -> None:
    angles = np.radians(turn) + np.arange(len(spokes)) * 2 * np.pi / len(spokes)
    radius = np.array([r * s for r, s in spokes]) + 2.0
    points = np.column_stack([np.cos(angles), np.sin(angles)]) * radius[:, None] + [439876.0, 4439760.0]
    outline = shapely.Polygon(points)
    inside = outline.buffer(-0.6)
    if has_hole and isinstance(inside, shapely.Polygon) and not inside.is_empty:
        outline = outline.difference(
            shapely.Polygon(shapely.affinity.scale(inside, 0.5, 0.5).exterior).intersection(inside)
        )
    if not isinstance(outline, shapely.Polygon) or outline.is_empty:
        return
    shape = shape_of(outline)
    mesh, failed = extrude(shape, np.array([1000.0]), np.array([1010.0]), ground=True)
    if len(failed):
        loops = [shape.xy[a:b] for a, b in zip(shape.start[:-1], shape.start[1:], strict=True)]
        assert not shapely.Polygon(loops[0], loops[1:]).is_valid
        return
    assert_closed(mesh)
    assert volumes(mesh, 1)[0] == pytest.approx(outline.area * 10.0, rel=0.02)


def test_boxes_are_what_raising_their_footprints_makes() -> None:
    random = np.random.default_rng(3)
    corner, side = random.integers(0, 9_000, (40, 2)) / 64.0, random.integers(64, 4_000, (40, 2)) / 64.0
    west, south = corner.T
    east, north = (corner + side).T
    plan = np.stack([west, south, east, south, east, north, west, north], axis=1).reshape(-1, 4, 2)
    low = random.integers(0, 100, 40) / 64.0
    high = low + random.integers(1, 4_000, 40) / 64.0
    each = np.arange(40)
    expected, failed = extrude(Rings(plan.reshape(-1, 2), np.arange(41) * 4, each, each), low, high)
    assert len(failed) == 0
    found = boxes(plan, low, high)
    assert np.array_equal(found.positions(), expected.positions())
    for name in ("z", "normal", "surface", "feature", "triangles"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
