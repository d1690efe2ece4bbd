"""Fronts of buildings: they open to their own court, to where they are told to look, else to the sun; storeys are whole."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from cim.types import RoofForm, Use
from tests.sample_city import CENTRE, CRS, Even, Slope, city
from tilesets.buildings import content as buildings
from tilesets.buildings.site import Site
from tilesets.buildings.standing import Standing, stand
from tilesets.buildings.textures import rules, runs
from tilesets.buildings.textures.fronts import Fronts, fronts
from tilesets.buildings.textures.rules import WallTexture

ROW = city(1, width_m=50.0, old_share=1.0)
RING = shapely.box(0, 0, 30, 34).difference(shapely.box(6, 6, 24, 28))
ELL = shapely.box(0, 0, 20, 18).difference(shapely.box(5, 5, 20, 18))
SOUTH, NORTH, EAST, WEST = (0, -1), (0, 1), (1, 0), (-1, 0)


def seen(shape: shapely.Polygon, **told: object) -> tuple[runs.Walls, Fronts, Standing]:
    """The walls of one house of the old town with a gable roof, 6 m high to its eaves unless told otherwise."""
    columns = {
        "use": Use.residential,
        "roof_form": RoofForm.gable,
        "height_m": 8.0,
        "eaves_m": 6.0,
        "storeys": 1,
        **told,
    }
    moved = shapely.transform(shape, lambda xy: xy + np.array(CENTRE))
    row = replace(ROW, geometry=np.array([moved], dtype=object), year=np.array([0], dtype=np.int16))
    row = replace(row, **{name: np.array([value], dtype=getattr(ROW, name).dtype) for name, value in columns.items()})
    standing, flaws = stand(row, Site(CRS, Slope(), Even()))
    assert len(standing) == 1, flaws
    mesh = buildings._bodies(standing, buildings.NO_PARTS, refined=True)[0]
    wall = np.flatnonzero((mesh.triangle_surface() == 0) & runs.is_wall_like(mesh))
    found, (first, _, sides) = runs.walls(mesh, wall), rules.chosen(standing.rows)
    return found, fronts(found, standing.rows, standing.base_m, first, sides), standing


def looks(shape: shapely.Polygon, **told: object) -> list[tuple[int, int]]:
    """The ways that the fronts look, and only those of walls that are wide enough for one."""
    found, made, _ = seen(shape, **told)
    outward = np.column_stack([found.along[:, 1], -found.along[:, 0]]).round().astype(int)
    return sorted({tuple(way) for way in outward[made.is_front & (found.length_m >= 2.4)].tolist()})


def test_a_house_round_a_court_opens_to_all_of_it_and_shows_the_lane_plain_walls() -> None:
    found, made, _ = seen(RING)
    inner = (np.abs(found.middle - CENTRE - [15.0, 17.0]) < [9.5, 11.5]).all(axis=1)
    assert made.is_front.any()
    assert np.array_equal(made.is_front, inner & (found.length_m >= 2.4))


def test_an_ell_opens_to_its_notch_and_a_shallow_one_is_none() -> None:
    assert looks(ELL) == sorted([NORTH, EAST])
    shallow = shapely.box(0, 0, 20, 8).difference(shapely.box(8, 7, 12, 8))
    assert looks(shallow) == [SOUTH]


def test_a_row_looks_south_and_where_it_is_told_to() -> None:
    row = shapely.box(0, 0, 20, 7)
    assert looks(row) == [SOUTH]
    assert looks(row, front_deg=0.0) == [NORTH]
    assert looks(row, front_deg=100.0) == [EAST]
    assert looks(RING, front_deg=270.0) == [WEST]


@pytest.mark.long
def test_a_shop_fronts_the_street_that_it_is_told_to_face_else_both_long_sides() -> None:
    shop = shapely.box(0, 0, 6, 14)
    assert looks(shop, use=Use.commercial) == sorted([EAST, WEST])
    assert looks(shop, use=Use.commercial, front_deg=180.0) == [SOUTH]


@pytest.mark.long
def test_flats_have_windows_all_round_whatever_they_are_told() -> None:
    block = {"use": Use.residential, "roof_form": RoofForm.flat, "storeys": 6, "eaves_m": np.nan, "height_m": 18.0}
    assert len(looks(shapely.box(0, 0, 40, 12), front_deg=90.0, **block)) == 4


def storeys(shape: shapely.Polygon, **told: object) -> set[int]:
    """How many storeys of windows the fronts show."""
    found, made, standing = seen(shape, **told)
    high = found.high_m - np.maximum(found.low_m, standing.base_m[0])
    long = made.is_front & (found.length_m > 5)
    storey = made.storey_m[found.feature[long]]
    return set(np.maximum(np.round(high[long] / np.where(np.isnan(storey), 3.3, storey)), 1).astype(int).tolist())


@pytest.mark.parametrize(("eaves", "told"), [(9.9, 1), (9.9, 2), (6.0, 1), (9.9, 3)])
def test_a_front_shows_the_storeys_that_are_told(eaves: float, told: int) -> None:
    assert storeys(shapely.box(0, 0, 20, 8), eaves_m=eaves, height_m=eaves + 2.0, storeys=told) == {told}


@pytest.mark.long
def test_a_hall_shows_one_storey_under_its_eaves_however_high() -> None:
    hall = {"use": Use.religious, "roof_form": RoofForm.hip, "eaves_m": 13.0, "height_m": 19.0}
    for told in (0, 1, 2):
        assert storeys(shapely.box(0, 0, 40, 20), storeys=told, **hall) == {1}


def test_walls_below_the_ground_tell_nothing_of_storeys() -> None:
    """As of a cellar that was delivered with its house, longer than that."""
    found, _, standing = seen(shapely.box(0, 0, 20, 8), storeys=2)
    first, _, sides = rules.chosen(standing.rows)
    long = found.length_m > 10
    for top in (standing.base_m[0] - 1.0, standing.base_m[0] + 0.3):
        sunk = replace(found, low_m=np.where(long, top - 3.0, found.low_m), high_m=np.where(long, top, found.high_m))
        assert np.isnan(fronts(sunk, standing.rows, standing.base_m, first, sides).storey_m).all()


def test_where_nobody_tells_storeys_they_are_as_high_as_the_picture_has_them() -> None:
    _, made, standing = seen(shapely.box(0, 0, 20, 8), storeys=0)
    assert np.isnan(made.storey_m).all()
    assert rules.chosen(standing.rows)[0].tolist() == [WallTexture.timber_front]
