"""Verdicts beside those of CGAL, which computes exactly: small lattices make solids touch themselves in every way."""

from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from numpy.random import Generator

from cim.boundary import Boundary
from cim.geometry import rings, wind
from cim.mesh import extrude
from cim.store.db import Database
from cim.validity import check, of_boundaries
from tests.conftest import other_database
from tests.pure.cim.test_validity import FAULTS, cube, solid, surface

pytestmark = pytest.mark.db
BLOCKS = [
    shapely.box(0, 0, 4, 4),
    shapely.Polygon([(0, 0), (4, 0), (2, 4)]),
    shapely.Polygon([(0, 0), (6, 0), (6, 2), (2, 2), (2, 6), (0, 6)]),
    shapely.Polygon([(0, 0), (6, 0), (6, 6), (4, 6), (4, 2), (2, 2), (2, 6), (0, 6)]),
    shapely.box(0, 0, 6, 6).difference(shapely.box(2, 2, 4, 4)),
]
UNSEEN = {102, 405}
"""A point twice is a fault to val3dity, not to CGAL, which does not look either which way a shell faces."""

NOT_ASKED = {303, 304}
"""Some shells of more than two polygons at an edge, or more than one fan at a point, end the process that asks."""

VERDICT = """
CREATE OR REPLACE FUNCTION pg_temp.verdict(told text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF told LIKE 'POLYGON%' THEN
        PERFORM ST_3DArea(ST_GeomFromText(told));
    ELSE
        PERFORM ST_Volume(ST_MakeSolid(ST_GeomFromText(told)));
    END IF;
    RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$
""".replace("%", "%%")


def codes(bodies: list[Boundary]) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in bodies]
    for one in check(of_boundaries(bodies)):
        found[one.body].add(one.code)
    return found


def block(random: Generator) -> np.ndarray:
    """The triangles (t, 3, 3) of a block on whole metres."""
    shape = rings(np.array([BLOCKS[random.integers(len(BLOCKS))]], dtype=object))
    mesh, _ = extrude(wind(shape), np.array([0.0]), np.array([float(random.integers(2, 5))]), ground=True)
    return np.asarray(mesh.positions()[mesh.triangles])


def broken(random: Generator, how: str) -> np.ndarray:
    faces = block(random)
    one = int(random.integers(len(faces)))
    if how == "dropped":
        return np.delete(faces, one, axis=0)
    if how == "turned":
        faces[one] = faces[one][::-1].copy()
        return faces
    if how == "doubled":
        return np.concatenate([faces, faces[one : one + 1]])
    if how == "joined":
        return np.concatenate([faces, block(random) + random.integers(-4, 7, size=3)])
    for _ in range(2 if how == "moved twice" else 1):
        corner = faces.reshape(-1, 3)[random.integers(3 * len(faces))].copy()
        faces[(faces == corner).all(axis=2)] = random.integers(-1, 8, size=3)
    return faces


@pytest.fixture(scope="module")
def cgal(cluster: str, template: str) -> Iterator[Database]:
    """A database that asks CGAL."""
    with other_database(cluster, template) as database:
        yield database


def verdicts(cgal: Database, bodies: list[Boundary]) -> list[str]:
    """Of each polygon or solid without cavities: `valid`, or what is wrong in CGAL's words."""
    with cgal.begin() as connection:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS postgis_sfcgal")
        connection.exec_driver_sql(VERDICT)
        asked = connection.exec_driver_sql(
            "SELECT pg_temp.verdict(told) FROM unnest(%s::text[]) WITH ORDINALITY AS one(told, place) ORDER BY place",
            (list(map(wkt, bodies)),),
        )
        return [str(reason) for (reason,) in asked]


def wkt(body: Boundary) -> str:
    shapes = [shapely.to_wkt(one, rounding_precision=-1) for one in body.polygons]
    whole = ",".join(one.removeprefix("POLYGON Z ") for one in shapes)
    return f"POLYHEDRALSURFACE Z({whole})" if body.shells else shapes[0]


def agree(cgal: Database, bodies: list[Boundary]) -> int:
    """How many are valid; every one that is has to be so to both."""
    ours = codes(bodies)
    asked = [k for k, found in enumerate(ours) if not found & (NOT_ASKED | {102})]
    told = verdicts(cgal, [bodies[k] for k in asked])
    differ = [
        (ours[k], reason, wkt(bodies[k]))
        for k, reason in zip(asked, told, strict=True)
        if bool(ours[k] - UNSEEN) != (reason != "valid")
    ]
    assert not differ
    return told.count("valid")


def test_solids_broken_at_random_are_judged_as_cgal_judges_them(cgal: Database) -> None:
    random = np.random.default_rng(20)
    ways = ["moved", "moved", "moved", "moved twice", "dropped", "turned", "joined"]
    bodies = [solid([shapely.Polygon(face) for face in broken(random, ways[k % len(ways)])]) for k in range(140)]
    assert agree(cgal, bodies) > 10


def test_polygons_with_holes_at_random_are_judged_as_cgal_judges_them(cgal: Database) -> None:
    random = np.random.default_rng(21)

    def ring(most: int, *, anticlockwise: bool) -> list[tuple[int, int, int]]:
        points = [(int(x), int(y), 0) for x, y in random.integers(0, 7, size=(random.integers(3, most), 2))]
        is_so = shapely.LinearRing([(x, y) for x, y, _ in points]).is_ccw
        return points if is_so == anticlockwise or random.random() < 0.1 else points[::-1]

    bodies = [
        surface(ring(6, anticlockwise=True), *(ring(5, anticlockwise=False) for _ in range(random.integers(0, 3))))
        for _ in range(300)
    ]
    assert agree(cgal, bodies) > 30


def test_cgal_finds_a_fault_in_each_body_that_has_one_that_it_looks_for(cgal: Database) -> None:
    """The others have cavities, no surfaces or no numbers, or are solids that are each valid."""
    looked_for = sorted(set(FAULTS) - UNSEEN - NOT_ASKED - {401, 403, 501, 901, 902})
    *told, sound = verdicts(cgal, [*(FAULTS[code] for code in looked_for), solid(cube())])
    assert [code for code, reason in zip(looked_for, told, strict=True) if reason == "valid"] == []
    assert sound == "valid"
