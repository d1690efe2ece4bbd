"""What is thinned in vector tiles below zoom 14, and how it is counted."""

import numpy as np
import pytest
import shapely

from cim.store import vector_tiles
from cim.web_tiles import WebTile, side_m
from tests.model_rows import put_building, put_feature
from tests.mvt_reader import drawn, moved, read, swept, tile_of

pytestmark = pytest.mark.db


def street(connection, count, size, gap):
    """Square buildings in rows of 40; their footprints."""
    made = [
        moved(shapely.box(0, 0, size, size), (n % 40 - 20) * (size + gap), (n // 40 - 10) * (size + gap))
        for n in range(count)
    ]
    for number, footprint in enumerate(made):
        put_building(connection, footprint, height_m=3.0 + number % 4, is_synthetic=number % 2 == 0)
    return made


@pytest.mark.parametrize("z", [13, 12, 9, 5, 0])
def test_below_zoom_14_small_buildings_are_merged_and_every_one_is_counted_once(database, z):
    with database.begin() as connection:
        made = street(connection, 600, 9.0, 3.0)
        found = (
            swept(connection, ["buildings"], z)
            if z > 3
            else read(connection, ["buildings"], WebTile(0, 0, 0))["buildings"]
        )
    assert sum(f["properties"]["count"] for f in found) == 600
    assert len(found) < 200
    assert sum(f["properties"]["area_m2"] for f in found) == pytest.approx(600 * 81.0, abs=len(found))
    weighted = sum(f["properties"]["height_m"] * f["properties"]["count"] for f in found) / 600
    assert weighted == pytest.approx(4.5, abs=0.06)
    assert all(f["properties"]["is_synthetic"] for f in found)  # half of them are, so what holds some of them is
    assert not any("id" in f["properties"] for f in found)
    assert len(made) == 600


def test_merged_squares_cover_as_much_ground_as_their_buildings_and_stay_in_their_own_square(database):
    with database.begin() as connection:
        made = street(connection, 600, 9.0, 3.0)
        place = tile_of(made[300], 13)
        found = read(connection, ["buildings"], place)["buildings"]
    shapes = [drawn(f) for f in found]
    unit_m2 = (side_m(13) / 4096) ** 2 * np.cos(np.radians(40.09)) ** 2
    for shape, feature in zip(shapes, found, strict=True):
        west, south, east, north = shape.bounds
        assert east - west <= 65
        assert north - south <= 65
        assert 0 <= west <= east <= 4096
        assert 0 <= south <= north <= 4096
        if feature["properties"]["count"] > 4:
            assert shape.area * unit_m2 == pytest.approx(feature["properties"]["area_m2"], rel=0.1)
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes)
    assert all(shapely.intersection(shapes[a], shapes[b]).area <= 66 for a, b in zip(left, right, strict=True) if a < b)


def test_large_buildings_stay_themselves_below_zoom_14_until_they_are_four_pixels_wide(database):
    hall = moved(shapely.box(0, 0, 120, 90))
    with database.begin() as connection:
        street(connection, 80, 9.0, 3.0)
        id = put_building(connection, hall, name="体育馆", use=5)
        for z, shown in ((13, True), (12, True), (11, False), (8, False)):
            found = swept(connection, ["buildings"], z)
            alone = [f for f in found if f["properties"].get("id") == id]
            assert bool(alone) == shown, z
            assert {f["properties"]["count"] for f in alone} <= {1}
            each = {f["properties"].get("id"): f["properties"]["count"] for f in alone}  # it may reach into two tiles
            assert sum(each.values()) + sum(f["properties"]["count"] for f in found if f not in alone) == 81
        assert alone == []


@pytest.mark.parametrize("z", [13, 11, 6])
def test_points_below_zoom_14_are_one_a_square_that_says_for_how_many_it_stands(database, z):
    with database.begin() as connection:
        ids = [
            put_feature(
                connection, "addresses", moved(shapely.Point(n % 30 * 40 - 600, n // 30 * 40 - 400)), name=f"{n}"
            )
            for n in range(600)
        ]
        found = swept(connection, ["addresses"], z)
    assert sum(f["properties"]["count"] for f in found) == 600
    assert len(found) < (600 if z == 13 else 200)
    shown = [f["id"] for f in found]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= set(ids)
    assert ids[0] in shown  # the lowest of its square
    squares = {(round(drawn(f).x) // 64, round(drawn(f).y) // 64, f["id"]) for f in found}
    assert len(squares) == len(found)


def test_lines_and_areas_smaller_than_a_pixel_are_left_out_below_zoom_14_and_the_rest_is_simplified(database):
    waves = shapely.LineString([(x, 2.0 * (-1) ** x) for x in range(0, 2000, 3)])
    with database.begin() as connection:
        long = put_feature(connection, "roads", moved(waves, -1000))
        short = put_feature(connection, "roads", moved(shapely.LineString([(0, 50), (10, 50)])))
        pond = put_feature(connection, "water", moved(shapely.Point(0, 0).buffer(6)))
        lake = put_feature(connection, "water", moved(shapely.Point(0, 0).buffer(300)))
        whole = read(connection, ["roads", "water"], tile_of(moved(shapely.Point(0, 10)), 14))
        found = swept(connection, ["roads", "water"], 10)
    assert {f["id"] for features in whole.values() for f in features} == {long, short, pond, lake}
    assert {f["id"] for f in found} == {long, lake}
    road = next(f for f in found if f["id"] == long)
    assert shapely.get_num_coordinates(drawn(road)) < 20


def test_a_tile_is_bounded_however_much_lies_in_it(database, monkeypatch):
    monkeypatch.setattr(vector_tiles, "_MOST_POINTS", 300)
    monkeypatch.setattr(vector_tiles, "_MOST_LARGE", 5)
    with database.begin() as connection:
        roads = [
            put_feature(connection, "roads", moved(shapely.LineString([(0, n * 10), (500 + n * 10, n * 10)])))
            for n in range(60)
        ]
        for n in range(12):
            put_building(connection, moved(shapely.box(0, 0, 150 + n, 150), n * 200 - 1200))
        kept = read(connection, ["roads"], tile_of(moved(shapely.Point(0, 300)), 11))["roads"]
        halls = swept(connection, ["buildings"], 11)
    assert {f["id"] for f in kept} == set(roads[-30:])  # the longest: two points and eight for each are ten
    single = {f["id"] for f in halls if "id" in f["properties"]}
    assert len(single) == 5
    assert sum(f["properties"]["count"] for f in halls if "id" not in f["properties"]) == 7
