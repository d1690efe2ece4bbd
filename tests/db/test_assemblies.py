"""Landmarks in a real store: parts are loaded, judged and drawn; what depends on a changed part is drawn anew, no more."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from api.commands.export import Asked
from api.deps import utc_now
from cim.city import City
from cim.store import catalogue, features
from cim.store.bodies import Moment, reading
from cim.store.db import Database
from cim.types import Report
from tests.houses import load
from tests.sample_city import CENTRE
from tests.sample_city import city as sample
from tests.tile_yard import dem, fresh, insert, published, yard_at
from tests.tile_yard import ground as ground_of
from tests.tileset_rules.check import check_folder
from tests.tileset_walk import Memory, visit
from tilesets.city import past
from tilesets.city.build import report_of
from tilesets.city.refresh import Yard, refresh
from tilesets.city.shelf import Shelf
from tilesets.terrain.ground import ServedGround

pytestmark = pytest.mark.db

WALL = {"assembly": "wall", "part": "body", "kind": "block", "high_m": 14, "lean_m": 3, "edges": "front back"}
WALK = {"assembly": "wall", "part": "walk", "kind": "parapet", "low_m": 14, "high_m": 15.5, "thick_m": 0.5}
TOWER = {
    "assembly": "tower",
    "part": "storeys",
    "kind": "storeys",
    "high_m": 20,
    "repeat": 4,
    "rise_m": 1,
    "overhang_m": 0.5,
}
HOUSES = (("w1", "wall@180", -400.0), ("w2", "wall", -300.0), ("t1", "tower", 1500.0), ("x1", "unheard of", 1600.0))


def deliver(database: Database, city: City, path: Path, *rows: dict[str, object]) -> Report:
    """A table of parts, loaded."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return load(database, city, path, layer="assembly_parts", name="parts")


@pytest.fixture
def yard(database: Database, city: City, tmp_path: Path) -> Yard:
    """Three landmarks, one that names no known assembly, and a town about them; built."""
    made = yard_at(database, city, tmp_path / "var")
    insert(database, sample(200, width_m=5000.0, old_share=0.0))
    shapes = [shapely.box(x, y, x + 30.0, y + 16.0) for _, _, off in HOUSES for x, y in [(CENTRE[0] + off, CENTRE[1])]]
    columns = {"id": [key for key, _, _ in HOUSES], "assembly": [name for _, name, _ in HOUSES], "height_m": 14.0}
    marks = {"roof_form": "gable", "eaves_m": 10.0, "cim_level": "L3", "lod": 2.0}
    gpd.GeoDataFrame(columns | marks, geometry=shapes, crs="EPSG:4547").to_file(tmp_path / "houses.gpkg")
    load(database, city, tmp_path / "houses.gpkg")
    deliver(database, city, tmp_path / "parts.csv", WALL, WALK, TOWER)
    refresh(made)
    return made


def heights(yard: Yard, tileset: str = "city") -> dict[str, float]:
    """How high each landmark is drawn at its finest, from the foot of its walls, metres."""
    with yard.database.begin() as connection:
        keys = {item["id"]: item["properties"]["id"] for item in features.items(connection, "buildings", limit=1000)}
    found = {}
    for tile in visit(Memory.of(yard.sink.folder, tileset), tileset).walk():
        if tile.kind() == "building" and not tile.children and tile.glb is not None:
            at, feature = tile.glb.ecef(), tile.glb.attribute("_FEATURE_ID_0").astype(int)
            up = at.mean(axis=0) / np.linalg.norm(at.mean(axis=0))
            for number, building in enumerate(tile.glb.table()["id"].tolist()):
                found[keys.get(building)] = float(np.ptp(at[feature == number] @ up))
    return {key: high for key, high in found.items() if key in {house[0] for house in HOUSES}}


def flaws(yard: Yard) -> dict[str, int]:
    index = Shelf(yard.sink.folder, "city").index()
    assert index is not None
    return report_of(index, None).flaws


def test_landmarks_are_built_of_parts_and_one_of_no_known_assembly_keeps_its_roof(yard: Yard) -> None:
    assert heights(yard).keys() == {"w1", "w2", "t1", "x1"}
    assert flaws(yard) == {"assembly_unknown": 1}
    assert check_folder(yard.sink.folder).violations == []


def test_what_goes_out_stands_on_the_terrain_that_is_served_and_slopes_with_it(
    yard: Yard, city: City, tmp_path: Path
) -> None:
    deliver(yard.database, city, tmp_path / "parts.csv", WALL | {"ground": "sloping"}, WALK, TOWER)
    houses = gpd.read_file(tmp_path / "houses.gpkg")  # a version has the parts as they were when it was published
    houses.assign(height_m=15.0).to_file(tmp_path / "houses.gpkg")
    load(yard.database, city, tmp_path / "houses.gpkg")
    with yard.database.begin() as connection:
        version = catalogue.published(connection, layer="buildings")[0].id
    asked = Asked("houses", version, "cityjson", None, None)
    _, _, file = asked.written(yard.database, city, yard.data, utc_now, 100)
    told = json.load(file)
    vertices = np.array(told["vertices"]) * told["transform"]["scale"] + told["transform"]["translate"]
    ground = ServedGround.open(yard.data / "terrain", city.crs, yard.geoid)
    for key, _, off in HOUSES:
        one = told["CityObjects"][key]
        assert one["attributes"]["cim"]["ground"] == "terrain"
        at = vertices[np.unique(list(_numbers(one["geometry"][0]["boundaries"])))]
        west = CENTRE[0] + off
        # of walls either end stands on the ground under that end, of the others all of it on the lowest ground under it
        strips = (0.0, 0.25), (29.75, 30.0)
        for begin, end in strips if key[0] == "w" else ((0.0, 30.0),):
            (lowest,) = ground.lowest(np.array([shapely.box(west + begin, CENTRE[1], west + end, CENTRE[1] + 16.0)]))
            here = at[(at[:, 0] > west + begin - 0.1) & (at[:, 0] < west + end + 0.1)]
            assert here[:, 2].min() == pytest.approx(lowest, abs=0.03)
    before = asked.digest("software", yard.data)
    assert Asked("houses", version, "gpkg", None, None).digest("software", yard.data) != before
    ground_of(yard.data, city, yard.geoid, dem(tmp_path / "raised.tif", raised=True))
    assert asked.digest("software", yard.data) != before  # the same records on another ground are another file


def _numbers(nested: list[Any]) -> Iterator[int]:
    for one in nested:
        if isinstance(one, int):
            yield one
        else:
            yield from _numbers(one)


def test_a_changed_part_redraws_what_is_built_of_it_and_no_more(yard: Yard, city: City, tmp_path: Path) -> None:
    before, high = published(yard), heights(yard)
    deliver(yard.database, city, tmp_path / "parts.csv", WALL, WALK | {"high_m": 17.5}, TOWER)
    done = refresh(yard)
    after, higher = published(yard), heights(yard)
    assert done.is_new
    assert done.units == 1
    assert {key: round(higher[key] - high[key], 1) for key in high} == {"w1": 2.0, "w2": 2.0, "t1": 0.0, "x1": 0.0}
    assert len([name for name in after.keys() - before.keys() if name.endswith(".glb")]) <= 3
    assert after == fresh(yard, tmp_path / "fresh")
    assert refresh(yard).units == 0


def test_another_day_shows_the_parts_as_they_were_known_then(yard: Yard, city: City, tmp_path: Path) -> None:
    high, root = heights(yard), published(yard)["root"]
    with reading(yard.database) as reader:
        moment = Moment(reader.moment.at, reader.moment.at)
    deliver(yard.database, city, tmp_path / "parts.csv", WALL, WALK | {"high_m": 17.5}, TOWER)
    refresh(yard)
    path = past.root(yard, moment)
    assert path.read_bytes() == root
    assert heights(yard, str(path.parent.relative_to(yard.sink.folder))) == high


def test_an_assembly_that_leaves_the_table_leaves_its_buildings_their_roofs(
    yard: Yard, city: City, tmp_path: Path
) -> None:
    high = heights(yard)
    deliver(yard.database, city, tmp_path / "parts.csv", TOWER)
    refresh(yard)
    lower = heights(yard)
    assert {key: round(high[key] - lower[key], 1) for key in high} == {"w1": 1.5, "w2": 1.5, "t1": 0.0, "x1": 0.0}
    assert flaws(yard) == {"assembly_unknown": 3}
    assert published(yard) == fresh(yard, tmp_path / "fresh")


def test_a_part_that_cannot_be_built_is_set_aside_with_its_reason(
    database: Database, city: City, tmp_path: Path
) -> None:
    bad = TOWER | {"part": "b", "repeat": ""}
    more = [WALL | {"part": f"body {k}"} for k in range(2)]
    report = deliver(database, city, tmp_path / "parts.csv", WALL, WALK, TOWER, bad, *more)
    assert (report.accepted, report.rejected, dict(report.codes)) == (5, 1, {"part_unbuildable": 1})
    assert "of kind storeys and needs repeat above 0" in report.issues[0].message
    with reading(database) as reader:
        assert [row["part"] for row in reader.assembly_parts()] == ["storeys", "body", "body 0", "body 1", "walk"]
