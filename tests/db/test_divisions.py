"""Divisions in the store: owners of points against brute force, the tree, old codes over HTTP."""

import csv
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text

from cim import crs as frames
from cim.errors import BadInput
from cim.ownership import Near, owners
from cim.store import divisions

pytestmark = pytest.mark.db

SAMPLE = Path(__file__).resolve().parents[2] / "data_samples/datong"
CITY = "EPSG:4547"


def hold(connection, layer, rows):
    """Current features put straight into the store: (properties, shape in the city frame or None)."""
    one = {"layer": layer}
    dataset = connection.execute(
        text("INSERT INTO cim.dataset (name, layer, data_class) VALUES (:layer, :layer, '时空基础') RETURNING id"), one
    ).scalar_one()
    version = connection.execute(
        text("""
            INSERT INTO cim.dataset_version (dataset_id, state, location, checksum, fingerprint)
            VALUES (:dataset, 'published', 'here', 'x', 'x') RETURNING id"""),
        {"dataset": dataset},
    ).scalar_one()
    for number, (properties, shape) in enumerate(rows, start=1):
        wkb = None if shape is None else shapely.to_wkb(shapely.set_srid(shape, 4547), hex=True, include_srid=True)
        connection.execute(
            text("""
                WITH o AS (INSERT INTO cim.object (dataset_id, source_key) VALUES (:dataset, :key) RETURNING id)
                INSERT INTO cim.feature (object_id, layer, dataset_id, version_id, source_row, name, properties, geom,
                                         source, is_synthetic, cell, record_from)
                SELECT id, :layer, :dataset, :version, :row, :name, CAST(:properties AS jsonb), CAST(:shape AS geometry),
                       :source, false, CASE WHEN CAST(:shape AS text) IS NULL THEN NULL ELSE 0 END, now() FROM o"""),
            {
                **one,
                "dataset": dataset,
                "version": version,
                "key": f"{properties['code']}/{number}",
                "row": number,
                "name": properties.get("name"),
                "properties": json.dumps(properties, ensure_ascii=False),
                "shape": wkb,
                "source": properties.get("source"),
            },
        )


def codes_of_the_sample():
    with (SAMPLE / "division_codes.csv").open(encoding="utf-8") as file:
        return [({k: v for k, v in row.items() if v}, None) for row in csv.DictReader(file)]


def in_degrees(xy):
    return frames.transform(np.atleast_2d(xy), CITY, frames.LONLAT)


@pytest.fixture
def counties(database, shared):
    """The real ten counties, in the store and as (code, shape in the city frame)."""
    real = gpd.read_file(shared / "admin/datong_counties_wgs84.geojson")
    shapes = shapely.transform(real.geometry.to_numpy(), lambda xy: frames.transform(xy, frames.LONLAT, CITY))
    rows = [
        ({"code": str(code), "name": name, "level": "county", "parent": "140200"}, shape)
        for code, name, shape in zip(real["adcode"], real["name"], shapes, strict=True)
    ]
    with database.begin() as connection:
        hold(connection, "divisions", rows)
        hold(connection, "division_codes", codes_of_the_sample())
    return [row[0]["code"] for row in rows], np.asarray(shapes)


@pytest.fixture
def old_town(database):
    """Squares of 1 km in a row: two counties, two towns in the first with a slit of 0.4 m, grids of the first town."""
    x, y = 439_000.0, 4_439_000.0
    rows = [
        ({"code": "140213", "name": "平城区"}, shapely.box(x, y, x + 1000, y + 1000)),
        ({"code": "140214", "name": "云冈区"}, shapely.box(x + 1000, y, x + 2000, y + 1000)),
        ({"code": "140213051", "name": "古城街道"}, shapely.box(x, y, x + 500, y + 1000)),
        ({"code": "140213052", "name": "新旺街道"}, shapely.box(x + 500.4, y, x + 1000, y + 1000)),
        ({"code": "140214001", "name": "新胜街道"}, shapely.box(x + 1000, y, x + 2000, y + 1000)),
        ({"code": "140271", "name": "开发区"}, shapely.box(x + 900, y, x + 1500, y + 1000)),
        ({"code": "strange", "name": "?"}, shapely.box(x, y, x + 2000, y + 1000)),
    ]
    with database.begin() as connection:
        hold(connection, "divisions", rows)
        hold(connection, "division_codes", codes_of_the_sample())
        pieces = [
            ({"code": f"140213051000{n + 1:03d}"}, shapely.box(x + 100 * n, y, x + 100 * n + 100, y + 1000))
            for n in range(5)
        ]
        hold(connection, "unit_grids", pieces)
    return x, y


# --- owners ----------------------------------------------------------------------------------------------------------


def test_owners_of_random_border_and_corner_points_are_those_of_brute_force(database, counties):
    codes, shapes = counties
    random = np.random.default_rng(20260302)
    west, south, east, north = shapely.total_bounds(shapes)
    corners = shapely.get_coordinates(shapes)
    repeats = (np.abs(corners[:, None] - corners[None, ::7]).max(axis=2) < 1e-6).sum(axis=0)
    shared_corners = corners[::7][repeats > 1]
    step = np.concatenate([(ring[1:] + ring[:-1]) / 2 for ring in map(shapely.get_coordinates, shapes)])
    points = np.concatenate(
        [
            random.uniform((west - 5_000, south - 5_000), (east + 5_000, north + 5_000), (150, 2)),
            random.permutation(shared_corners)[:100],
            random.permutation(step)[:100],
            random.permutation(corners)[:50] + random.uniform(-2.0, 2.0, (50, 2)),
        ]
    )
    kinds = {"none": 0, "one": 0, "several": 0, "gap": 0}
    with database.begin() as connection:
        for lonlat in in_degrees(points):
            xy = frames.transform(lonlat[None], frames.LONLAT, CITY)[0]
            distance = shapely.distance(shapes, shapely.Point(xy))
            expected = owners([Near(c, float(d)) for c, d in zip(codes, distance, strict=True)]).get("county")
            found = divisions.owner(connection, *lonlat.tolist(), level="county")
            assert (found and found["code"]) == (expected and expected.code), lonlat
            covering = int((distance <= 1e-3).sum())
            kinds["several" if covering > 1 else "one" if covering else "gap" if found else "none"] += 1
            if covering:
                assert found["code"] == min(c for c, d in zip(codes, distance, strict=True) if d <= 1e-3)
                assert found["how"] == "covers"
    assert all(count > 0 for count in kinds.values()), kinds
    assert kinds["several"] > 100


def test_the_chain_goes_from_the_city_to_the_grid_with_one_owner_each(database, old_town):
    x, y = old_town
    with database.begin() as connection:

        def at(dx, dy=500.0):
            chain = divisions.chain(connection, *in_degrees([x + dx, y + dy])[0].tolist())
            return {name: (unit["code"], unit["how"]) for name, unit in chain.items()}

        inside = {"city": ("140200", "above"), "county": ("140213", "covers"), "town": ("140213051", "covers")}
        assert at(150.0) == inside | {"grid": ("140213051000002", "covers")}
        assert at(200.0) == inside | {"grid": ("140213051000002", "covers")}  # on the border of two grids
        # In the slit: the county covers it, the nearer town takes it, the grid of another town does not.
        assert at(500.1) == inside | {"town": ("140213051", "gap"), "grid": ("140213051000005", "gap")}
        assert at(500.3) == inside | {"town": ("140213052", "gap")}
        assert at(1000.0) == inside | {"town": ("140213052", "covers")}  # a county border: the smaller code, its town
        assert at(1200.0)["county"] == ("140214", "covers")  # the statistical unit owns nothing
        assert at(-0.9)["county"] == ("140213", "gap")
        assert at(-1.1) == {}


def test_the_owner_is_the_finest_division_or_that_of_the_level_asked_for(database, old_town):
    x, y = old_town
    lon, lat = in_degrees([x + 150.0, y + 500.0])[0].tolist()
    with database.begin() as connection:
        assert divisions.owner(connection, lon, lat)["name"] == "古城街道"
        assert divisions.owner(connection, lon, lat, "city")["name"] == "大同市"
        assert divisions.owner(connection, lon, lat, "community") is None
        with pytest.raises(BadInput, match="level 'ward' does not exist"):
            divisions.owner(connection, lon, lat, "ward")


def test_a_superseded_outline_owns_nothing(database, old_town):
    x, y = old_town
    lon, lat = in_degrees([x + 150.0, y + 500.0])[0].tolist()
    with database.begin() as connection:
        connection.execute(
            text(
                "UPDATE cim.feature SET record_to = now() + interval '1 s' WHERE name = '古城街道' AND geom IS NOT NULL"
            )
        )
        assert divisions.owner(connection, lon, lat)["code"] == "140213"


# --- the tree and old codes over HTTP ---------------------------------------------------------------------------------


def test_the_tree_is_listed_by_level_and_parent_with_titles_in_both_languages(client, old_town):
    found = client.get("/divisions", params={"parent": "140200"}).json()
    assert found["count"] == 11
    assert [d["code"] for d in found["divisions"] if d["is_statistical"]] == ["140271"]
    assert client.get("/divisions", params={"parent": "140200", "old": True}).json()["count"] == 15
    (first, *_) = [d for d in found["divisions"] if d["code"] == "140213"]
    assert (first["path"], first["level_title"], first["level_title_en"]) == (
        "大同市平城区",
        "区县",
        "County or district",
    )
    assert client.get(first["outline"]).json()["properties"]["code"] == "140213"
    towns = client.get("/divisions", params={"level": "town"}).json()
    assert [d["code"] for d in towns["divisions"]] == ["140213051", "140213052", "140214001"]
    assert client.get("/divisions").json()["count"] == 1 + 11 + 3


def test_a_code_is_shown_with_what_is_above_below_and_what_it_is_today(client, old_town):
    one = client.get("/divisions/140213").json()
    assert [a["code"] for a in one["ancestors"]] == ["140200"]
    assert [u["name"] for u in one["units"]] == ["古城街道", "新旺街道"]
    assert one["today"] == [{"code": "140213", "name": "平城区", "why": "current", "trust": "S"}]
    old = client.get("/divisions/140211").json()
    assert (old["name"], old["is_old"], old["ended_on"], old["trust"]) == ("南郊区", True, "2018-02-09", "S")
    assert [c["code"] for c in old["today"]] == ["140214", "140213", "140212"]
    assert "cpca" in old["source"]
    assert [c["code"] for c in client.get("/divisions/140227000000").json()["today"]] == ["140215"]
    lost = client.get("/divisions/140211102").json()
    assert (lost["is_old"], [c["code"] for c in lost["today"]][0]) == (True, "140214")
    statistical = client.get("/divisions/140271").json()
    assert (statistical["is_statistical"], statistical["today"][0]["why"]) == (True, "statistical")


def test_a_place_settles_an_old_code(client, old_town):
    x, y = old_town
    lon, lat = in_degrees([x + 150.0, y + 500.0])[0].tolist()
    found = client.get("/divisions/140211", params={"lon": lon, "lat": lat}).json()
    assert [(c["code"], c["why"]) for c in found["today"]] == [("140213", "place")]


def test_the_owners_of_a_point_are_given_level_by_level(client, old_town):
    x, y = old_town
    lon, lat = in_degrees([x + 150.0, y + 500.0])[0].tolist()
    found = client.get("/divisions/at", params={"lon": lon, "lat": lat}).json()
    assert {name: unit and unit["code"] for name, unit in found.items() if name not in ("lon", "lat")} == {
        "city": "140200",
        "county": "140213",
        "town": "140213051",
        "community": None,
        "grid": "140213051000002",
    }
    assert (found["grid"]["level_title"], found["grid"]["level_title_en"]) == ("单元网格", "Unit grid")
    far = client.get("/divisions/at", params={"lon": 100, "lat": 30}).json()
    assert far["county"] is None


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/divisions/14021", 400, "expected 6 digits"),
        ("/divisions/140299", 404, "no division has the code 140299"),
        ("/divisions?parent=140299", 404, "no division has the code 140299"),
        ("/divisions?level=ward", 400, "level 'ward' does not exist"),
        ("/divisions?kind=town", 400, "'kind' is unknown"),
        ("/divisions/140213?lon=113", 400, "expected both or neither"),
        ("/divisions/at?lon=113", 400, "lat"),
        ("/divisions/at?lon=213&lat=40", 400, "lon"),
    ],
)
def test_what_is_wrong_is_said_as_a_problem(client, old_town, path, status, said):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
