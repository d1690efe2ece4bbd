"""A whole little city built in memory: the laws of the tree, of the contents, and of what is left out."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from cim.errors import BadInput, NoSpace
from cim.geometry import cell_size
from cim.types import Bodies, CimLevel, ObjectArray, RoofForm, Surface
from tests.sample_city import CRS, UNDULATION_M, Even, Slope, city
from tests.tileset_walk import Memory, Visited, visit
from tilesets.buildings.palette import colours
from tilesets.buildings.standing import Flaw
from tilesets.city import upper
from tilesets.city.build import BuildReport, build_city
from tilesets.city.records import decode_unit
from tilesets.publish import Kind

TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
TO_LONLAT = Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True)
SMALL = 24 * 1024


def build(rows: Bodies, batch: int = 10**6) -> tuple[Memory, BuildReport]:
    sink = Memory()
    batches = [rows.take(slice(k, k + batch)) for k in range(0, len(rows), batch)]
    return sink, build_city(batches, Slope(), Even(), CRS, sink, target_bytes=SMALL)


@pytest.fixture(scope="module")
def rows() -> Bodies:
    """Spread over two districts, so that nested tilesets and all levels occur."""
    return city(900, width_m=6000.0)


@pytest.fixture(scope="module", params=["compact", "wide"])
def built(rows: Bodies, request: pytest.FixtureRequest) -> Iterator[tuple[Memory, BuildReport]]:
    """As it is; and as a city whose districts are too many for a view from afar, so that the root has blocks of its own."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "wide":
            patch.setattr(upper, "ROOT_LIMIT", 120)
        yield build(rows)


@pytest.fixture(scope="module")
def root(built: tuple[Memory, BuildReport]) -> Visited:
    return visit(built[0])


def ids(tiles: list[Visited]) -> list[int]:
    return sorted(i for tile in tiles if tile.glb for i in tile.glb.table()["id"].tolist())


def flaws(sink: Memory) -> list[Flaw]:
    units = [decode_unit(data) for name, data in sink.records.items() if name.endswith(".unit")]
    return [flaw for unit in units for flaw in unit.every_flaw]


def lonlat_h(points: np.ndarray) -> np.ndarray:
    return np.column_stack(TO_ECEF.transform(*points.T, direction="INVERSE"))


def test_children_lie_inside_their_parents_and_errors_never_rise(root: Visited) -> None:
    assert {tile.refine for tile in root.walk()} == {"REPLACE"}
    for tile in root.walk():
        for child in tile.children:
            assert tile.region.contains(child.region)
            assert child.error <= tile.error
        assert (tile.error > 0) == bool(tile.children)


def test_regions_hold_every_vertex(root: Visited) -> None:
    for tile in root.walk():
        if tile.glb is None:
            continue
        at = lonlat_h(tile.glb.ecef())
        lon, lat, h = np.radians(at[:, 0]), np.radians(at[:, 1]), at[:, 2]
        box = tile.region
        assert box.west <= lon.min() <= lon.max() <= box.east
        assert box.south <= lat.min() <= lat.max() <= box.north
        assert box.low <= h.min() <= h.max() <= box.high


def test_every_building_is_drawn_once_at_each_level(root: Visited, rows: Bodies) -> None:
    whole = sorted(rows.id.tolist())
    blocks_of = [tile for tile in root.walk() if tile.kind() == "building"]
    finest = [tile for tile in blocks_of if not tile.children]
    first = [tile for tile in root.walk() if tile.kind() == "building" and tile not in
             [child for parent in blocks_of for child in parent.children]]  # fmt: skip
    assert ids(finest) == whole
    assert ids(first) == whole


def test_blocks_hold_the_volume_and_count_of_what_they_stand_for(root: Visited, rows: Bodies) -> None:
    first = [tile.glb.table() for tile in (root.children if root.glb is None else [root]) if tile.glb]
    alone = [i for table in first if "volume" not in table for i in table["id"].tolist()]  # districts of one tile
    blocks = [table for table in first if "volume" in table]
    apart = np.isin(rows.id, alone)
    left = float((shapely.area(rows.geometry) * rows.height_m)[~apart].sum())
    assert sum(table["volume"].sum() for table in blocks) == pytest.approx(left, rel=1e-4)
    assert sum(int(table["count"].sum()) for table in blocks) + len(alone) == len(rows)
    checked = 0
    for tile in root.walk():
        if tile.kind() != "block":
            continue
        table = tile.glb.table() if tile.glb else {}
        at, feature = tile.glb.ecef(), tile.glb.attribute("_FEATURE_ID_0")  # type: ignore[union-attr]
        height = lonlat_h(at)[:, 2]
        for block in range(0, len(table["id"]), 40):
            mine = height[feature == block]
            at_base = np.unique(at[feature == block].round(3), axis=0)
            assert len(at_base) == 8
            assert mine.max() - mine.min() >= 2.0 - 0.1  # the foundation reaches below the base
        assert table["is_synthetic"].all()
        checked += 1
    assert checked >= 3


def test_blocks_are_covered_as_most_of_what_they_stand_for(root: Visited, rows: Bodies) -> None:
    volume = shapely.area(rows.geometry) * rows.height_m
    zero = np.zeros(1, dtype=np.uint8)
    slab, tiled = (colours(zero, zero + form, zero + Surface.roof)[0] for form in (RoofForm.flat, RoofForm.gable))
    seen = set()
    for tile in (tile for tile in root.walk() if tile.kind() == "block"):
        assert tile.glb is not None
        colour, feature = tile.glb.attribute("COLOR_0")[:, :3], tile.glb.attribute("_FEATURE_ID_0")
        for block, name in enumerate(tile.glb.table()["id"].tolist()):
            inside = rows.cell >> 2 * (name & 31) == name >> 5
            pitched = volume[inside & (rows.roof_form != RoofForm.flat)].sum() / volume[inside].sum()
            if abs(pitched - 0.5) > 0.01:  # nearer than that, rounding to the lattice decides
                mine = colour[feature == block]
                assert (mine == (tiled if pitched > 0.5 else slab)).all(axis=1).any()
                assert not (mine == (slab if pitched > 0.5 else tiled)).all(axis=1).any()
                seen.add(pitched > 0.5)
    assert seen == {True, False}


def test_a_wide_city_has_coarser_blocks_in_its_root_than_in_its_districts(root: Visited) -> None:
    tables = [tile.glb.table() for tile in (root, *root.children) if tile.glb and tile.kind() == "block"]
    depths = [int(table["id"][0]) & 31 for table in tables]
    if root.glb is None:
        assert set(depths) == {0}
    else:
        assert len(tables[0]["id"]) <= 120
        assert depths[0] > max(depths[1:])
        assert root.error == cell_size(depths[0])


def test_a_block_is_never_shown_as_l3(root: Visited, rows: Bodies) -> None:
    level_of = dict(zip(rows.id.tolist(), rows.cim_level.tolist(), strict=True))
    for tile in root.walk():
        if tile.kind() != "building" or tile.glb is None:
            continue
        table = tile.glb.table()
        if tile.children:
            assert set(table["cim_level"].tolist()) == {CimLevel.L2}
            assert table["lod"].max() < 2.0
            continue
        for i, level, lod in zip(table["id"].tolist(), table["cim_level"].tolist(), table["lod"].tolist(), strict=True):
            assert level <= level_of[i]
            assert (level == CimLevel.L3) == (lod == 2.0)


def test_old_town_blocks_refine_into_the_same_buildings_with_roofs(root: Visited) -> None:
    refined = [tile for tile in root.walk() if tile.kind() == "building" and tile.children]
    assert refined
    for tile in refined:
        assert ids([tile]) == ids(tile.children)
        assert 1.0 <= tile.error < 64.0
        assert all(child.error == 0.0 for child in tile.children)


def test_positions_are_within_half_a_quantum_of_the_source(root: Visited, rows: Bodies) -> None:
    by_id = {i: k for k, i in enumerate(rows.id.tolist())}
    tile = next(tile for tile in root.walk() if tile.kind() == "building" and not tile.children)
    assert tile.glb
    at, feature, step = tile.glb.ecef(), tile.glb.attribute("_FEATURE_ID_0"), tile.glb.document["nodes"][1]["scale"][0]
    base, _ = Slope().stand(rows.geometry)
    for row, i in enumerate(tile.glb.table()["id"].tolist()[:60]):
        k = by_id[i]
        corners = shapely.get_coordinates(rows.geometry[k])
        lon, lat = TO_LONLAT.transform(*corners.T)
        top = np.column_stack(TO_ECEF.transform(lon, lat, np.full(len(lon), base[k] + rows.height_m[k] + UNDULATION_M)))
        gap = np.linalg.norm(at[feature == row][None] - top[:, None], axis=2).min(axis=1)
        if tile.glb.table()["roof_form"][row] == 0:
            lattice = np.sqrt(3) / 128
            assert gap.max() <= np.sqrt(3) * step / 2 + lattice + 1e-6


def test_attributes_arrive_as_they_were(root: Visited, rows: Bodies) -> None:
    by_id = {i: k for k, i in enumerate(rows.id.tolist())}
    for tile in [tile for tile in root.walk() if tile.kind() == "building"][:4]:
        table = tile.glb.table() if tile.glb else {}
        k = [by_id[i] for i in table["id"].tolist()]
        assert table["height"].tolist() == rows.height_m[k].astype(np.float32).tolist()
        for name in ("use", "roof_form", "storeys"):
            assert table[name].tolist() == getattr(rows, name)[k].tolist()
        named = [name or "" for name in rows.name[k]]
        assert table.get("name", [""] * len(k)) == named
        assert set(table["source"]) == {"generator"}
        assert table["accuracy"].tolist() == [-1.0] * len(k)


@pytest.mark.long
def test_batches_and_the_order_within_a_cell_change_no_byte(rows: Bodies, built: tuple[Memory, BuildReport]) -> None:
    random = np.random.default_rng(9)
    shuffled = rows.take(np.lexsort((random.random(len(rows)), rows.cell)))
    for other, batch in ((rows, 37), (shuffled, 211)):
        sink, _ = build(other, batch)
        assert sink.roots == built[0].roots
        assert sink.contents.keys() == built[0].contents.keys()


@pytest.mark.long
def test_one_changed_building_changes_few_files(rows: Bodies, built: tuple[Memory, BuildReport]) -> None:
    height = rows.height_m.copy()
    height[int(np.argmax(rows.cim_level == CimLevel.L3))] += 1.0
    sink, _ = build(replace(rows, height_m=height))
    changed = sink.contents.keys() - built[0].contents.keys()
    assert sink.roots != built[0].roots
    # blocks of district and unit; the district's JSON; the building's own tile and its refinement
    assert 4 <= len(changed) <= 5


class Patchy(Slope):
    """A ground with a hole in it."""

    def stand(self, polygons: ObjectArray) -> tuple[np.ndarray, np.ndarray]:
        base, foot = super().stand(polygons)
        base[shapely.area(polygons) == 36.0] = np.nan
        return base, foot


def test_what_cannot_be_drawn_is_told_with_a_code_and_the_rest_arrives() -> None:
    rows = city(60, width_m=400.0)
    geometry, height = rows.geometry.copy(), rows.height_m.copy()
    x, y = np.round(shapely.get_coordinates(shapely.centroid(geometry[3]))[0]).tolist()
    geometry[0] = None
    geometry[1] = shapely.Point(x, y)
    geometry[2] = shapely.Polygon([(x, y), (x + 9, y), (x + 4, y + 0.001)])
    geometry[3] = shapely.Polygon([(x, y), (x + 9, y + 9), (x + 9, y), (x, y + 7)])
    geometry[4] = shapely.box(x, y, x + 6, y + 6)
    height[6], height[7] = np.nan, 0.0
    geometry[8] = shapely.Polygon([(x, y), (x + 9, y), (np.nan, y + 9)])
    yard = [(x + 5, y), (x + 7, y + 4), (x + 3, y + 4)]  # its corner lies on the street
    geometry[9] = shapely.Polygon(shapely.box(x, y, x + 9, y + 9).exterior, [yard])
    sink, told = Memory(), []
    report = build_city(
        [replace(rows, geometry=geometry, height_m=height)], Patchy(), Even(), CRS, sink,
        lambda done, total, note: told.append((done, total)), total=60,
    )  # fmt: skip
    codes = {flaw.id: flaw.code for flaw in flaws(sink) if flaw.code not in ("roof_simplified", "beside_cell")}
    expected = ["no_footprint", "no_footprint", "footprint_collapsed", "footprint_mended", "no_ground"]
    assert [codes[i] for i in rows.id[:5].tolist()] == expected
    assert [codes[i] for i in rows.id[6:9].tolist()] == ["no_height", "no_height", "not_finite"]
    assert codes[int(rows.id[9])] == "footprint_mended"
    assert (report.read, report.buildings, report.rejected) == (60, 53, 7)
    assert told[-1] == (60, 60)
    finest = [tile for tile in visit(sink).walk() if tile.kind() == "building" and not tile.children]
    assert len(ids(finest)) == 53
    assert {int(rows.id[3]), int(rows.id[9])} <= set(ids(finest))


def test_nothing_to_draw_publishes_an_empty_city() -> None:
    rows = city(5)
    sink = Memory()
    report = build_city([replace(rows, height_m=np.zeros(5))], Slope(), Even(), CRS, sink)
    assert (report.root, sink.contents, report.rejected) == (None, {}, 5)
    assert "content" not in json.loads(sink.roots["city"])["root"]  # not the city of yesterday


def test_rows_out_of_order_are_refused(rows: Bodies) -> None:
    with pytest.raises(BadInput, match="sorted by cell"):
        build(rows.take(np.arange(len(rows))[::-1]))


def test_a_full_disk_publishes_no_root(rows: Bodies) -> None:
    class Full(Memory):
        def put(self, kind: Kind, data: bytes) -> str:
            if len(self.contents) == 5:
                raise NoSpace("full")
            return super().put(kind, data)

    sink = Full()
    with pytest.raises(NoSpace):
        build_city([rows], Slope(), Even(), CRS, sink, target_bytes=SMALL)
    assert sink.roots == {}
