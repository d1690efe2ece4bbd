"""Valid bodies pass, and each fault of a small body is told by its own code."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import shapely
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.boundary import Boundary
from cim.geometry import rings, wind
from cim.mesh import extrude
from cim.types import Surface
from cim.validity import CODES, MEANINGS, Finding, check, of_boundaries, of_mesh

CUBE = {
    "ground": [(0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0)],
    "top": [(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)],
    "south": [(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)],
    "east": [(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)],
    "north": [(1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1)],
    "west": [(0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)],
}


def cube(*, size: float = 1.0, at: tuple[float, float, float] = (0, 0, 0), inward: bool = False, **changed) -> list:
    faces = [shape for shape in ({**CUBE, **changed}).values() if shape is not None]
    shapes = [face if isinstance(face, shapely.Polygon) else shapely.Polygon(face) for face in faces]
    moved = [shapely.transform(s, lambda p: p * size + at, include_z=True) for s in shapes]
    return [s.reverse() for s in moved] if inward else moved


def solid(*shells: list, kind: str = "Solid") -> Boundary:
    polygons = np.array([polygon for shell in shells for polygon in shell], dtype=object)
    counts = (tuple(len(s) for s in shells),) if kind == "Solid" else tuple((len(s),) for s in shells)
    return Boundary(polygons, np.full(len(polygons), Surface.unknown, dtype=np.uint8), kind, counts)


def codes(*bodies: Boundary) -> list[int]:
    return [finding.code for finding in check(of_boundaries(bodies))]


FAR = (439_300.0, 4_439_900.0, 1_040.0)
SQUARE, HOLE = [(0, 0, 1), (4, 0, 1), (4, 4, 1), (0, 4, 1)], [(1, 1, 1), (1, 3, 1), (3, 3, 1), (3, 1, 1)]


def surface(outline: list, *holes: list) -> Boundary:
    return Boundary(np.array([shapely.Polygon(outline, holes)], dtype=object), np.zeros(1, dtype=np.uint8))


@pytest.mark.parametrize("at", [(0, 0, 0), FAR])
def test_a_cube_is_valid_wherever_it_stands(at: tuple[float, float, float]) -> None:
    assert codes(solid(cube(at=at))) == []


def test_a_cube_with_a_cavity_is_valid_and_with_a_tunnel_too() -> None:
    assert codes(solid(cube(size=4), cube(at=(1, 1, 1), inward=True))) == []
    ring = rings(np.array([shapely.box(0, 0, 6, 6).difference(shapely.box(2, 2, 4, 4))], dtype=object))
    mesh, _ = extrude(wind(ring), np.array([0.0]), np.array([3.0]), ground=True)
    assert check(of_mesh(mesh, 1)) == ()


FAULTS = {
    101: solid(cube(top=[(0, 0, 1), (1, 1, 1), (0, 0, 1)])),
    102: solid(cube(top=[(0, 0, 1), (1, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)])),
    104: surface([(0, 0, 0), (2, 2, 0), (2, 0, 0), (0, 2, 0.0)]),
    201: surface(SQUARE, [(3, 1, 1), (3, 3, 1), (5, 3, 1), (5, 1, 1)]),
    202: surface(SQUARE, HOLE, HOLE),
    203: solid(cube(top=[(0, 0, 1), (1, 0, 1), (1, 1, 1.1), (0, 1, 1)])),
    204: surface([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0.5, 1, 0.009), (0.499, 1, -0.009), (0, 1, 0)]),
    205: surface(SQUARE, [(0, 2, 1), (2, 4, 1), (4, 2, 1), (2, 0, 1)]),
    206: surface(SQUARE, [(5, 1, 1), (5, 3, 1), (7, 3, 1), (7, 1, 1)]),
    207: surface(SQUARE, HOLE, [(1.5, 1.5, 1), (1.5, 2, 1), (2, 2, 1), (2, 1.5, 1)]),
    208: surface(SQUARE, HOLE[::-1]),
    301: solid(cube(south=None, east=None, north=None)),
    302: solid(cube(top=None)),
    303: solid([*cube(), *cube(size=-1, inward=True)]),
    304: solid([*cube(), *cube(at=(1, 1, 0))]),
    305: solid([*cube(), *cube(at=(5, 0, 0))]),
    306: solid([*cube(size=2, top=None, east=None), *cube(size=2, at=(0, 0, 0))[1:2], *cube()[3:4]]),
    307: solid(cube(top=CUBE["top"][::-1])),
    401: solid(cube(size=4), cube(at=(3.5, 1, 1), inward=True)),
    403: solid(cube(size=4), cube(at=(8, 1, 1), inward=True)),
    405: solid(cube(inward=True)),
    501: solid(cube(size=2), cube(size=2, at=(1, 1, 1)), kind="CompositeSolid"),
    902: Boundary(np.zeros(0, dtype=object), np.zeros(0, dtype=np.uint8)),
}


def _spiked() -> Boundary:
    """A closed box whose roof reaches down through its floor."""
    low = (0.5, 0.5, -1.0)
    roof = [[a, b, low] for a, b in zip(CUBE["top"], CUBE["top"][1:] + CUBE["top"][:1], strict=True)]
    return solid([*cube(top=None), *[shapely.Polygon(face) for face in roof]])


FAULTS[306] = _spiked()
FAULTS[901] = surface([(0, 0, 0), (1, 0, 0), (1, 1, float("nan"))])


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_each_fault_is_told_by_its_code(code: int) -> None:
    assert codes(FAULTS[code]) == [code]


def test_every_code_has_a_body_that_has_it() -> None:
    assert sorted(FAULTS) == sorted(CODES)


def test_one_bad_body_says_nothing_about_its_neighbours() -> None:
    order = sorted(FAULTS)
    bodies = [body for code in order for body in (FAULTS[code], solid(cube()))]
    assert [(f.body, f.code) for f in check(of_boundaries(bodies))] == [(2 * k, code) for k, code in enumerate(order)]


def test_solids_that_touch_or_are_built_into_each_other_are_valid_parts_but_no_composite() -> None:
    assert codes(solid(cube(), cube(at=(1, 0, 0)), kind="MultiSolid")) == []
    assert codes(solid(cube(), cube(at=(0.5, 0, 0)), kind="MultiSolid")) == []
    assert codes(solid(cube(), cube(at=(1, 0, 0)), kind="CompositeSolid")) == []
    assert codes(solid(cube(), cube(at=(0.5, 0, 0)), kind="CompositeSolid")) == [501]


def test_points_within_the_tolerance_are_one() -> None:
    assert codes(solid(cube(top=[(0.0003, 0, 1), (1, 0, 1.0004), (1, 1, 1), (0, 0.9997, 1)]))) == []
    assert codes(solid(cube(top=[(0.01, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]))) == [302]


def test_a_finding_says_where() -> None:
    (found,) = check(of_boundaries([solid(cube(at=FAR)), FAULTS[203]]))
    assert found == Finding(1, 203, 1, (0.0, 0.0, 1.0), found.detail)
    assert found.name == "NON_PLANAR_POLYGON_DISTANCE_PLANE"


def test_solids_of_a_mesh_that_touch_along_an_edge_are_told_apart() -> None:
    shape = rings(np.array([shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(2, 2, 4, 4)])], dtype=object))
    mesh, _ = extrude(shape, np.array([0.0]), np.array([3.0]), ground=True)
    assert check(of_mesh(mesh, 1)) == ()


def test_touching_and_overlapping_blocks_of_one_feature_are_each_their_own_solid() -> None:
    boxes = [shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2), shapely.box(2, 2, 4, 4), shapely.box(1, 1, 3, 3)]
    shape = rings(np.array([shapely.MultiPolygon(boxes)], dtype=object))
    mesh, _ = extrude(shape, np.array([0.0]), np.array([3.0]), ground=True)
    faces = of_mesh(mesh, 1)
    assert len(faces.solid) == 4
    assert check(faces) == ()


@pytest.mark.long
def test_a_solid_of_thousands_of_corners_is_judged_in_bounded_memory() -> None:
    count = 2_000
    turn = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * np.where(np.arange(count) % 2, 90.0, 100.0)[:, None]
    shape = rings(np.array([shapely.Polygon(ring)], dtype=object))
    mesh, _ = extrude(wind(shape), np.array([0.0]), np.array([3.0]), ground=True)
    tracemalloc.start()
    assert check(of_mesh(mesh, 1)) == ()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 30


SHAPES = [
    trimesh.creation.icosphere(1),
    trimesh.creation.annulus(1.0, 2.0, 1.0, sections=9),
    trimesh.creation.cone(1.0, 2.0, sections=7),
    trimesh.creation.box((1.0, 2.0, 3.0)),
]


@settings(deadline=None)
@given(st.sampled_from(SHAPES), st.floats(0.5, 40.0), st.floats(0.0, 6.3), st.integers(0, 10**6))
def test_whatever_closes_is_valid_until_a_triangle_is_taken_or_turned(
    shape: trimesh.Trimesh, size: float, turn: float, which: int
) -> None:
    turned = trimesh.transformations.rotation_matrix(turn, [1.0, 2.0, 3.0], [0.0, 0.0, 0.0])[:3, :3]
    faces = [shapely.Polygon(corner) for corner in shape.triangles @ turned * size + FAR]
    assert codes(solid(faces)) == []
    assert codes(solid([face.reverse() for face in faces])) == [405]
    which %= len(faces)
    assert codes(solid(faces[:which] + faces[which + 1 :])) == [302]
    assert codes(solid([*faces[:which], faces[which].reverse(), *faces[which + 1 :]])) == [307]


def test_every_code_is_told_in_the_words_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/validity.md").read_text(encoding="utf-8")
    assert all(f"| {code} | {name} | {MEANINGS[code]} |" in page for code, name in CODES.items())
