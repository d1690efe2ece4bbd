"""Bays of walls on sloping ground: their tops meet at common ends, nothing opens below them, and others stay level."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from cim.assembly import Parts
from cim.exports.solids import GROUND, SURFACES, with_bodies
from cim.geometry import LATTICE_M, anchors, cell_keys
from cim.solids import raise_solids
from cim.store.records import BODY
from cim.types import Bodies, CimLevel, FloatArray, ObjectArray
from tests.pure.cim.exports.test_models import _page
from tests.sample_city import CENTRE, CRS, UNDULATION_M, Even, Slope, city
from tilesets.buildings.refined import stood
from tilesets.buildings.site import Site
from tilesets.buildings.standing import FOUNDATION_M, Standing, stand

WALL = {"assembly": "wall", "part": "body", "kind": "block", "lean_m": 3.0, "edges": "front back", "ground": "sloping"}
MERLONS = {
    "assembly": "wall", "part": "merlons", "kind": "parapet", "low": 1.0, "high": 1.0, "high_m": 1.8, "v_from_m": 3.0,
    "thick_m": 0.5, "piece_m": 1.7, "gap_m": 0.7, "edges": "front",
}  # fmt: skip
PARTS = Parts.of([WALL, MERLONS, {"assembly": "tower", "part": "body", "kind": "block"}])
JOINT, LONG, HIGH = 0.02, 60.0, 14.0


class Cliff(Slope):
    """A ground that rises more steeply than a wall follows."""

    def stand(self, polygons: ObjectArray) -> tuple[FloatArray, FloatArray]:
        base, foot = super().stand(polygons)
        return 30.0 * base, 30.0 * foot


def bays(assembly: str, *, base_m: float = np.nan) -> Bodies:
    """Three in a row along the slope, from west to east."""
    west = CENTRE[0] + (LONG + JOINT) * np.arange(3)
    shapes = shapely.box(west, CENTRE[1], west + LONG, CENTRE[1] + 18.0)
    rows, some = city(3, old_share=1.0), np.ones(3)
    return replace(
        rows, id=np.arange(3), geometry=shapes, cell=cell_keys(anchors(shapes)), height_m=HIGH * some,
        base_m=base_m * some, cim_level=np.full(3, CimLevel.L3, dtype=np.uint8),
        assembly=np.full(3, assembly, dtype=object),
    )  # fmt: skip


def raised(rows: Bodies, ground: Slope | None = None) -> tuple[Standing, list[FloatArray]]:
    """The buildings on their ground, and the corners of each in the city's heights."""
    standing, flaws = stand(rows, Site(CRS, ground or Slope(), Even(), parts=PARTS))
    assert flaws == ()
    every = np.ones(len(rows), dtype=np.bool_)
    made = raise_solids(stood(standing), every, every, PARTS)
    assert made.notes == ()  # none that is no valid solid
    at = made.built.positions() - [0.0, 0.0, UNDULATION_M]
    return standing, [at[made.built.feature == row] for row in range(3)]


@pytest.mark.parametrize("name", ["wall@180", "wall@0"])
def test_tops_of_neighbours_meet_at_their_common_end_at_the_stated_height_over_the_ground(name: str) -> None:
    standing, corners = raised(bays(name))
    for west, east in zip(corners[:-1], corners[1:], strict=True):
        end, begin = west[:, 0].max(), east[:, 0].min()
        ground = 1040.0 + (end - CENTRE[0]) / 50.0
        tops = [at[at[:, 0] == x][:, 2].max() for at, x in ((west, end), (east, begin))]
        assert tops[0] == pytest.approx(tops[1], abs=2 * LATTICE_M)
        assert tops[0] == pytest.approx(ground + HIGH + 1.8, abs=0.05)
    assert standing.slope == pytest.approx(np.array([[0.02, 0.0]] * 3), abs=1e-9)


def test_the_foot_of_a_sloping_wall_lies_nowhere_higher_than_that_of_a_level_one() -> None:
    sloping, level = raised(bays("wall@180"))[1], raised(bays("tower"))[1]
    for falls, lies in zip(sloping, level, strict=True):
        feet = [falls[falls[:, 0] == x][:, 2].min() for x in (falls[:, 0].min(), falls[:, 0].max())]
        assert max(feet) <= lies[:, 2].min() + LATTICE_M
        assert max(feet) <= 1040.0 + (lies[:, 0].min() - CENTRE[0]) / 50.0 - FOUNDATION_M  # and below the ground


def test_what_is_level_surveyed_or_too_steep_stands_level() -> None:
    for rows, ground in (
        (bays("tower"), None),
        (bays("wall@180", base_m=1041.0), None),
        (bays("wall@180"), Cliff()),
    ):
        assert not raised(rows, ground)[0].slope.any()


@pytest.mark.parametrize("name", ["wall@0", "tower"])
def test_what_goes_out_stands_as_it_is_drawn(name: str) -> None:
    """The same corners, but for those of foundations, which end at the ground, to the step of the lattice."""
    rows = bays(name)
    page = _page(
        rows.geometry.tolist(), base_m=[None] * 3, assembly=[name] * 3, height_m=[HIGH] * 3, eaves_m=[None] * 3
    )
    grounds = {"terrain": lambda under: Slope().stand(under)[0]}
    (out,) = with_bodies(iter([page]), grounds, CRS, CRS, PARTS)
    assert (out[GROUND], out[SURFACES]) == (["terrain"] * 3, ["assembly"] * 3)
    standing, drawn = raised(rows)
    for row in range(3):
        body = shapely.from_wkb(out[BODY[0]][row])
        corners, low = shapely.get_coordinates(body, include_z=True), float(standing.base_m[row]) - UNDULATION_M
        plan, made = np.unique(corners[:, :2], axis=0), np.unique(drawn[row][:, :2], axis=0)
        assert np.array_equal(plan, made)
        for found, wanted in zip(_tops(corners), _tops(drawn[row]), strict=True):
            assert found == pytest.approx(wanted, abs=2 * LATTICE_M)
        assert abs(corners[:, 2].min() - (low - 0.01 * LONG * (name != "tower"))) <= 2 * LATTICE_M


def _tops(corners: FloatArray) -> list[float]:
    """The highest corner over each place of the plan."""
    plan, at = np.unique(corners[:, :2], axis=0, return_inverse=True)
    found = np.full(len(plan), -np.inf)
    np.maximum.at(found, at.ravel(), corners[:, 2])
    return [float(z) for z in found if z > corners[:, 2].mean()]


@pytest.mark.filterwarnings("error")
def test_a_piece_of_wall_that_is_all_end_stands_level() -> None:
    west = np.round(CENTRE[0]) + np.array([0.0, 0.25, 0.5])
    shapes = shapely.box(west, CENTRE[1], west + 0.25, CENTRE[1] + 18.0)
    rows = replace(bays("wall@180"), geometry=shapes, cell=cell_keys(anchors(shapes)))
    assert not stand(rows, Site(CRS, Slope(), Even(), parts=PARTS))[0].slope.any()
