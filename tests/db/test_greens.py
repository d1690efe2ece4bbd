"""The tileset of trees and furniture over a real store: made where something changed, on the ground that is served."""

from contextlib import nullcontext
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text

from api import keeper
from cim.city import City
from cim.errors import BadInput, Unavailable
from cim.geometry import cell_box, cell_size
from cim.plugins import Source
from cim.settings import Settings
from cim.source_entry import NamedSource
from cim.store.db import Database
from cim.store.grounds import town_cells
from cim.types import silent
from loaders import pipeline
from tests.sample_city import CENTRE
from tests.sample_city import city as sample
from tests.tile_yard import dem, execute, ground, insert, yard_at
from tests.tileset_walk import Memory, visit
from tilesets import products
from tilesets.city.refresh import Yard
from tilesets.greens.refresh import Refreshed, refresh
from tilesets.tree import TARGET_BYTES, UNIT_DEPTH

pytestmark = pytest.mark.db


def load(database: Database, city: City, path: Path, layer: str, frame: gpd.GeoDataFrame) -> None:
    path.unlink(missing_ok=True)
    frame.to_file(path)
    source = NamedSource(layer, Source(str(path), layer, constants={"is_synthetic": True, "source": "generator"}))
    pipeline.load(database, source, path, city, silent, iter(range(10**6)).__next__)


def trees(count: int, width_m: float) -> gpd.GeoDataFrame:
    random = np.random.default_rng(8)
    xy = CENTRE + random.uniform(-width_m / 2, width_m / 2, (count, 2))
    columns = {"id": [f"T{k}" for k in range(count)], "kind": ["针叶", "阔叶", None, "灌木"] * (count // 4)}
    columns |= {"height_m": random.uniform(2.0, 14.0, count).round(1).tolist(), "species": ["油松"] * count}
    return gpd.GeoDataFrame(columns, geometry=list(shapely.points(xy)), crs="EPSG:4547")


@pytest.fixture
def yard(database: Database, city: City, tmp_path: Path) -> Yard:
    """400 trees over several units, a street and a news-stand, which has no model."""
    made = yard_at(database, city, tmp_path / "var")
    load(database, city, tmp_path / "trees.gpkg", "trees", trees(400, 6_000.0))
    line = shapely.LineString([(CENTRE[0] - 900, CENTRE[1]), (CENTRE[0] + 900, CENTRE[1] + 30)])
    street = gpd.GeoDataFrame({"id": ["r"], "class": ["lane"], "width_m": [6.0]}, geometry=[line], crs="EPSG:4547")
    load(database, city, tmp_path / "roads.gpkg", "roads", street)
    at = [shapely.Point(CENTRE[0] + 5.0, CENTRE[1] + 5.0 * k) for k in (1, 2)]
    things = {"id": ["a", "b"], "class": ["sanitation", "utility"], "kind": ["报刊亭", "路灯"]}
    load(database, city, tmp_path / "things.gpkg", "components", gpd.GeoDataFrame(things, geometry=at, crs="EPSG:4547"))
    return made


def _lock(yard: Yard) -> Path:
    return yard.sink.folder / "greens" / "lock"


def test_a_wide_street_reaches_into_the_unit_beside_the_one_that_its_line_is_in(
    database: Database, city: City, tmp_path: Path
) -> None:
    yard = yard_at(database, city, tmp_path / "var")
    border = np.round(CENTRE[1] / cell_size(UNIT_DEPTH)) * cell_size(UNIT_DEPTH)
    at = shapely.Point(CENTRE[0], border - 10.0)
    tree = gpd.GeoDataFrame({"id": ["t"], "kind": ["阔叶"]}, geometry=[at], crs="EPSG:4547")
    load(database, city, tmp_path / "trees.gpkg", "trees", tree)
    line = shapely.LineString([(CENTRE[0] - 300, border + 40.0), (CENTRE[0] + 300, border + 40.0)])
    street = gpd.GeoDataFrame({"id": ["r"], "class": ["trunk"], "width_m": [120.0]}, geometry=[line], crs="EPSG:4547")
    load(database, city, tmp_path / "roads.gpkg", "roads", street)
    assert refresh(yard).drawn == 1
    tiles = visit(Memory.of(yard.sink.folder, "greens"), "greens").walk()
    assert any("squares" in str(tile.glb.document) for tile in tiles if tile.glb is not None)  # has a table of grounds


def drawn_tiles(yard: Yard) -> int:
    """How many tiles with content the published root leads to."""
    return sum(tile.glb is not None for tile in visit(Memory.of(yard.sink.folder, "greens"), "greens").walk())


def names(yard: Yard) -> set[str]:
    """All contents that were written, those of earlier roots too."""
    held = Memory.of(yard.sink.folder, "greens")
    visit(held, "greens")
    return set(held.contents)


def test_an_edited_tree_renames_its_tiles_and_those_above_and_nothing_else(yard: Yard) -> None:
    first: Refreshed = refresh(yard)
    assert (first.drawn, dict(first.left_out.words), first.units > 1) == (401, {"报刊亭": 1}, True)
    root, before = first.root, names(yard)
    files = {path: path.stat().st_mtime_ns for path in (yard.sink.folder / "greens").iterdir()}
    again = refresh(yard)
    assert {path: path.stat().st_mtime_ns for path in files} == files | {_lock(yard): _lock(yard).stat().st_mtime_ns}
    assert (again.units, again.is_new, again.root) == (0, False, root)
    sql = """UPDATE cim.feature SET properties = jsonb_set(properties, '{height_m}', '15') WHERE id =
        (SELECT min(id) FROM cim.feature WHERE layer = 'trees')"""
    assert execute(yard.database, sql) == 1
    edited = refresh(yard)
    assert (edited.units, edited.is_new) == (1, True)
    new = names(yard) - before
    assert sorted(name[-4:] for name in new) == [".glb", ".glb", "json"]
    with yard.database.begin() as connection:
        told = connection.execute(text("SELECT data FROM cim.live_event WHERE kind = 'tile'")).scalars().all()
    assert told == [{"tileset": "greens", "root": one} for one in (root, edited.root)]


def test_every_tree_is_in_the_near_tiles_once_and_stands_higher_where_the_ground_was_raised(
    yard: Yard, city: City
) -> None:
    refresh(yard)
    lows = near(yard)
    assert len(lows) == 401
    ground(yard.data, city, yard.geoid, dem(yard.data.parent / "raised.tif", raised=True))
    refresh(yard)
    moved = {one: low - lows[one] for one, low in near(yard).items()}
    assert min(moved.values()) >= -0.2
    assert 6.5 < max(moved.values()) <= 7.2  # a corner was raised by 7 m


def near(yard: Yard) -> dict[int, float]:
    """The lowest height of the tile in which each is drawn near."""
    found: dict[int, float] = {}
    for tile in visit(Memory.of(yard.sink.folder, "greens"), "greens").walk():
        if tile.glb is not None and not tile.children:
            ids = tile.glb.table()["id"].tolist()
            assert not found.keys() & set(ids)
            found |= dict.fromkeys(ids, tile.region.low)
    return found


def test_streets_lie_in_cells_of_the_old_town_where_nothing_stands(
    database: Database, city: City, tmp_path: Path
) -> None:
    yard = yard_at(database, city, tmp_path / "var")
    line = shapely.LineString([(CENTRE[0] - 900, CENTRE[1]), (CENTRE[0] + 900, CENTRE[1] + 30)])
    street = gpd.GeoDataFrame({"id": ["r"], "class": ["lane"], "width_m": [6.0]}, geometry=[line], crs="EPSG:4547")
    load(database, city, tmp_path / "roads.gpkg", "roads", street)
    place = shapely.box(CENTRE[0] - 40, CENTRE[1] - 40, CENTRE[0] + 40, CENTRE[1] + 40)
    square = gpd.GeoDataFrame({"id": ["q"], "name": ["示例广场"]}, geometry=[place], crs="EPSG:4547")
    load(database, city, tmp_path / "squares.gpkg", "squares", square)
    assert refresh(yard).tiles == 0
    insert(database, sample(60, width_m=900.0, old_share=1.0))
    made = refresh(yard)
    assert (made.drawn, made.is_new) == (0, True)
    with database.begin() as connection:
        cells = town_cells(connection, 2)
    boxes = shapely.box(*np.array([cell_box(key, 2).as_tuple() for key in cells.tolist()]).T)
    reached = shapely.intersects(boxes, line.buffer(2.9)) | shapely.intersects(boxes, place)
    assert made.tiles == reached.sum() > 2
    tables = [tile.glb.table() for tile in visit(Memory.of(yard.sink.folder, "greens"), "greens").walk() if tile.glb]
    assert {layer for table in tables for layer in table["layer"]} == {0, 2}  # streets and squares, by their codes
    assert refresh(yard).units == 0


def test_the_keeper_lays_ground_where_the_old_town_has_grown_and_tries_again_what_failed(
    database: Database, city: City, settings: Settings, tmp_path: Path
) -> None:
    yard = yard_at(database, city, settings.data, target_bytes=TARGET_BYTES)
    line = shapely.LineString([(CENTRE[0] - 900, CENTRE[1]), (CENTRE[0] + 900, CENTRE[1] + 30)])
    street = gpd.GeoDataFrame({"id": ["r"], "class": ["lane"], "width_m": [6.0]}, geometry=[line], crs="EPSG:4547")
    load(database, city, tmp_path / "roads.gpkg", "roads", street)
    refresh(yard)
    rounds = keeper._Rounds(settings, database)
    rounds.plant(set())
    insert(database, sample(60, width_m=900.0, old_share=1.0))
    aside = yard.data / "terrain-aside"
    (yard.data / "terrain").rename(aside)
    with pytest.raises(Unavailable):
        rounds.plant({"buildings"})
    aside.rename(yard.data / "terrain")
    rounds.plant(set())
    assert drawn_tiles(yard) > 2
    as_new = refresh(yard)
    assert (as_new.units, as_new.is_new) == (0, False)
    looked_at = _lock(yard).stat().st_mtime_ns
    execute(database, "UPDATE cim.body SET height_m = height_m + 2 WHERE id = 17")
    rounds.plant({"buildings"})  # no other cell is the old town's: nothing is looked at
    assert _lock(yard).stat().st_mtime_ns == looked_at
    execute(database, "DELETE FROM cim.body")
    rounds.plant({"buildings"})
    assert (drawn_tiles(yard), refresh(yard).is_new) == (0, False)


def test_the_keeper_plants_what_begins_on_a_day_that_comes_and_fells_what_ends(
    database: Database, city: City, settings: Settings, tmp_path: Path
) -> None:
    yard = yard_at(database, city, settings.data, target_bytes=TARGET_BYTES)
    load(database, city, tmp_path / "trees.gpkg", "trees", trees(8, 100.0))
    with database.begin() as connection:
        first, last = connection.execute(text("SELECT min(object_id), max(object_id) FROM cim.feature")).one()
    rounds = keeper._Rounds(settings, database)
    for wait_s in (1.5, 20.0):  # on a busy machine the day may come before the first look is over
        for one, bound in ((first, "valid_from"), (last, "valid_to")):
            day = f"now() + interval '{wait_s} s'"
            execute(database, f"UPDATE cim.feature SET {bound} = {day} WHERE object_id = {one}")
        refresh(yard)
        rounds.plant({"trees"})
        before = near(yard)
        with database.begin() as connection:
            if connection.execute(text("SELECT now() < max(valid_from) FROM cim.feature")).scalar_one():
                break
    assert (first in before, last in before, len(before)) == (False, True, 7)
    execute(database, f"SELECT pg_sleep({wait_s})")
    rounds.plant(set())  # no commit tells of it
    assert (first in near(yard), last in near(yard), len(near(yard))) == (True, False, 7)
    looked_at = _lock(yard).stat().st_mtime_ns
    rounds.plant(set())
    assert _lock(yard).stat().st_mtime_ns == looked_at


def test_the_last_tree_gone_nothing_is_shown(yard: Yard) -> None:
    refresh(yard)
    execute(
        yard.database, "UPDATE cim.feature SET record_to = cim.record_time() WHERE layer IN ('trees', 'components')"
    )
    gone = refresh(yard)
    assert (gone.drawn, gone.tiles, gone.is_new) == (0, 0, True)


def test_the_product_is_made_with_the_others_and_only_where_there_is_something(
    database: Database, city: City, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="greens: no elevation model is loaded"):
        products.refresh(database, city, tmp_path / "var", silent, lambda title: nullcontext(), ("greens",))
    yard = yard_at(database, city, tmp_path / "var")
    root = yard.sink.folder / "greens" / "tileset.json"
    products.refresh(database, city, yard.data, silent, lambda title: nullcontext(), ("greens",))
    assert not root.exists()
    load(database, city, tmp_path / "trees.gpkg", "trees", trees(40, 300.0))
    products.refresh(database, city, yard.data, silent, lambda title: nullcontext(), ("greens",))
    assert root.is_file()
