"""Surfaces of bodies as triangles: every polygon in its own plane, with its holes, closed where the body is closed."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cim.boundary import Boundary
from cim.boundary_mesh import surfaced
from cim.errors import BadInput
from cim.geometry import LATTICE_M
from cim.mesh import volumes
from cim.types import Surface
from tests.mesh_files import FACES, gabled

X, Y = 439_000.0, 4_440_000.0


def body(corners, faces=FACES, **stated):
    polygons = np.array([shapely.Polygon(corners[list(face)]) for face in faces], dtype=object)
    return Boundary(polygons, np.arange(len(faces), dtype=np.uint8) % 3, **stated)


def edges_match(mesh) -> bool:
    """Whether every edge of every triangle has its opposite, once."""
    at, place = np.unique(mesh.positions(), axis=0, return_inverse=True)
    corner = place.ravel()[mesh.triangles]
    start, end = corner.ravel(), np.roll(corner, -1, axis=1).ravel()
    key, back = np.sort(start * len(at) + end), np.sort(end * len(at) + start)
    return bool(np.array_equal(key, back) and (np.diff(key) > 0).all())


@pytest.mark.long
@given(st.floats(0.0, 6.283), st.integers(0, 2**31))
def test_a_closed_body_comes_out_closed_with_its_volume_and_flat_normals(angle, seed):
    random = np.random.default_rng(seed)
    width, depth, eaves, rise = random.uniform(2.0, 30.0, 4)
    corners = gabled(0.0, 0.0, 0.0, width=width, depth=depth, eaves=eaves, ridge=eaves + rise)
    turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    found = surfaced([body(corners @ turn + [X, Y, 1000.0])], np.array([-15.5]))
    assert found.skipped.tolist() == [0]
    assert edges_match(found.mesh)
    exact = width * depth * (eaves + rise / 2.0)
    assert volumes(found.mesh, 1)[0] == pytest.approx(exact, abs=LATTICE_M * 6 * 30 * 62)
    at = found.mesh.positions()[found.mesh.triangles]
    across = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    assert (np.sum(across * found.mesh.normal[found.mesh.triangles[:, 0]], axis=1) > 0).all()
    assert np.allclose(np.linalg.norm(found.mesh.normal, axis=1), 1.0)
    assert np.array_equal(found.mesh.positions(), np.round(found.mesh.positions() / LATTICE_M) * LATTICE_M)


def test_a_window_in_a_wall_stays_open_whatever_way_its_ring_runs():
    wall = [(X, Y, 0.0), (X + 8, Y, 0.0), (X + 8, Y, 4.0), (X, Y, 4.0)]
    window = [(X + 2, Y, 1.0), (X + 4, Y, 1.0), (X + 4, Y, 3.0), (X + 2, Y, 3.0)]
    for ring in (window, window[::-1]):
        found = surfaced([Boundary(np.array([shapely.Polygon(wall, [ring])]), np.zeros(1, np.uint8))], np.zeros(1))
        at = found.mesh.positions()[found.mesh.triangles]
        across = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0]) / 2.0
        assert across.sum(axis=0).tolist() == [0.0, -28.0, 0.0]


def test_surfaces_without_area_are_counted_and_the_rest_is_drawn():
    corners = gabled(X, Y, 1000.0)
    line = shapely.Polygon([corners[0], corners[1], corners[0], corners[0]])
    bow = shapely.Polygon([(X, Y, 9.0), (X + 4, Y + 4, 9.0), (X + 4, Y, 9.0), (X, Y + 3, 9.0)])
    whole = body(corners)
    spoilt = Boundary(np.array([*whole.polygons, line, bow], dtype=object), np.zeros(len(FACES) + 2, np.uint8))
    found = surfaced([whole, spoilt, Boundary(np.array([line]), np.zeros(1, np.uint8))], np.zeros(3))
    assert found.skipped.tolist() == [0, 2, 1]
    assert np.unique(found.mesh.feature).tolist() == [0, 1]
    counts = np.bincount(found.mesh.feature[found.mesh.triangles[:, 0]])
    assert counts[0] == counts[1]
    alone = surfaced([Boundary(np.array([line]), np.zeros(1, np.uint8))], np.zeros(1))
    assert (len(alone.mesh.triangles), alone.skipped.tolist()) == (0, [1])


def test_each_triangle_of_a_warped_surface_has_its_own_normal():
    ring = [(X, Y, 0.0), (X + 4, Y, 0.0), (X + 4, Y + 4, 1.0), (X, Y + 4, 0.0)]
    found = surfaced([Boundary(np.array([shapely.Polygon(ring)]), np.ones(1, np.uint8))], np.zeros(1))
    assert len(np.unique(found.mesh.normal.round(6), axis=0)) == 2
    assert found.mesh.surface.tolist() == [Surface.roof] * 6


def test_triangles_tell_their_polygon_and_its_surface():
    two = [body(gabled(X, Y, 0.0)), body(gabled(X + 20, Y, 0.0))]
    found = surfaced(two, np.zeros(2))
    expected = np.concatenate([two[0].surface, two[1].surface])
    assert found.mesh.triangle_surface().tolist() == expected[found.polygon].tolist()
    assert (np.diff(found.mesh.feature) >= 0).all()


def test_what_a_boundary_tells_of_itself_makes_it_again():
    made = body(
        gabled(X, Y, 1000.1), kind="Solid", shells=((7,),), notes={"a": [1]}, appearance={"material": {"": [0]}}
    )
    again = Boundary.of_content(made.content())
    assert again.content() == made.content()
    assert np.array_equal(again.positions(), made.positions())
    for broken in ({}, {**made.content(), "polygons": ["POINT (1 2)"]}, {**made.content(), "surface": [1]}):
        with pytest.raises(BadInput):
            Boundary.of_content(broken)
