"""Laws of the sample city: sourced sizes hold, nothing overlaps, the same seed gives the same city."""

import numpy as np
import pytest
import shapely

from cim.assembly import Parts, raise_assemblies
from cim.types import Surface
from data_samples.generate import (
    assemblies,
    barbicans,
    divisions,
    facts,
    files,
    frame,
    lanes,
    oldtown,
    rivers,
    roads,
    settlements,
    shapes,
    stations,
    terrain,
    vehicles,
)

pytestmark = pytest.mark.long

SEED = files.SEED


def interior_overlaps(polygons: np.ndarray) -> int:
    left, right = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pair = left < right
    return int((shapely.area(shapely.intersection(polygons[left[pair]], polygons[right[pair]])) > 1e-6).sum())


def test_wall_is_as_long_and_wide_as_sourced():
    buildings = oldtown.old_town(SEED).buildings
    west, south, east, north = shapely.total_bounds(buildings.shape[buildings.name == "城墙"])
    assert east - west == pytest.approx(1800.0, abs=0.05)
    assert north - south == pytest.approx(1820.0, abs=0.05)
    assert (east - west) * (north - south) / 1e6 == pytest.approx(3.276, rel=0.005)
    assert set(buildings.height_m[buildings.name == "城墙"]) == {14.0}


def test_sourced_sizes_of_monuments_hold():
    buildings = oldtown.old_town(SEED).buildings
    wall = buildings.shape[buildings.name == "九龙壁"][0]
    assert np.ptp(shapely.get_coordinates(wall), axis=0).tolist() == pytest.approx([45.5, 2.0], abs=0.021)
    hall = buildings.shape[buildings.name == "华严寺大殿"][0]
    assert hall.area == pytest.approx(1559.0, abs=1.0)
    assert buildings.height_m[buildings.name == "洪字楼"].tolist() == [19.0]


def test_every_gate_tower_and_monument_stands():
    names = set(oldtown.old_town(SEED).buildings.name)
    expected = {
        "乾楼",
        "九龙壁",
        "四牌楼",
        "华严寺",
        "善化寺",
        "文庙",
        "关帝庙",
        "法华寺",
        "代王府",
        "清真寺",
    }
    expected |= {name for gate, _, tower in facts.AXES.values() for name in (gate, tower)}
    assert expected <= names


def test_wall_has_fifty_four_watch_towers_twelve_of_them_in_the_east():
    buildings = oldtown.old_town(SEED).buildings
    towers = [str(name) for name in buildings.assembly if str(name).startswith("watch_tower@")]
    assert (len(towers), towers.count("watch_tower@90")) == (54, 12)
    x0, y0 = frame.centre()
    middle = np.abs(shapely.get_coordinates(shapely.centroid(buildings.shape)) - (x0, y0))
    outside = (middle[:, 0] > 900.0) | (middle[:, 1] > 910.0)
    assert {str(name).partition("@")[0] for name in buildings.assembly[outside]} == {
        "watch_tower",
        "barbican_wall",
        "barbican_leg",
        "barbican_gate",
    }


def test_the_wall_is_cut_into_bays_that_leave_no_gap():
    buildings = oldtown.old_town(SEED).buildings
    bays = buildings.shape[buildings.name == "城墙"]
    size = np.array([np.ptp(shapely.get_coordinates(bay), axis=0) for bay in bays])
    assert size.min(axis=1) == pytest.approx(18.0, abs=0.021)
    assert size.max() <= 65.0
    whole = shapely.union_all(shapely.buffer(bays, 0.02, join_style="mitre"))
    assert len(shapely.get_parts(whole)) == 8  # two hands of four sides, from the gate to the corner


def test_the_eastern_barbicans_are_as_long_as_sourced():
    assert sum(one.length for one in barbicans.BARBICANS if one.side == "E") == 700.0


def test_every_landmark_of_the_sample_can_be_built_and_the_wall_has_its_sourced_section():
    buildings = oldtown.old_town(SEED).buildings
    rows = [
        {name: None if value == "" else value for name, value in zip(assemblies.HEADER, row, strict=True)}
        for row in assemblies.rows()
    ]
    parts = Parts.of(rows)
    assert parts.broken == {}
    named = np.flatnonzero([name is not None for name in buildings.assembly])
    assert {str(name).partition("@")[0] for name in buildings.assembly[named]} == set(parts.assembly.tolist())
    base = np.zeros(len(named))
    made = raise_assemblies(
        parts, buildings.assembly[named], buildings.shape[named], base - 1.5, base, buildings.height_m[named]
    )
    assert (made.reasons, made.notes) == ({}, {})
    at = made.mesh.positions()
    for k in np.flatnonzero(buildings.name[named] == "城墙").tolist():
        mine = at[made.mesh.feature == k]
        top = mine[
            (mine[:, 2] == facts.WALL_HEIGHT) & (made.mesh.surface[made.mesh.feature == k] == Surface.outer_floor)
        ]
        assert np.ptp(top, axis=0)[:2].min() == pytest.approx(facts.WALL_TOP, abs=1 / 32)
        assert np.ptp(mine[mine[:, 2] == 0.0], axis=0)[:2].min() == pytest.approx(facts.WALL_BASE, abs=1 / 32)


@pytest.mark.long
def test_no_two_footprints_of_the_whole_city_overlap():
    whole = np.concatenate([oldtown.old_town(SEED).buildings.shape, settlements.outside(SEED).shape])
    assert shapely.is_valid(whole).all()
    assert interior_overlaps(whole) == 0


def test_overlap_law_sees_an_overlap():
    pair = shapes.rectangles(np.array([[0.0, 0.0], [5.0, 0.0]]), 10.0, 4.0)
    assert interior_overlaps(pair) == 1
    assert shapes.first_of_each_overlap(pair).tolist() == [True, False]


@pytest.mark.long
def test_counts_are_those_promised():
    assert 3800 <= len(oldtown.old_town(SEED).buildings) <= 5000
    assert 24_500 <= len(settlements.outside(SEED)) <= 27_500


def test_some_houses_keep_an_open_court():
    old, new = oldtown.old_town(SEED).buildings.shape, settlements.outside(SEED).shape
    assert (shapely.get_num_interior_rings(old) > 0).sum() > 300
    assert (shapely.get_num_interior_rings(new) > 0).sum() > 100


def test_no_building_stands_in_water_or_outside_the_wall_on_a_road():
    outside = settlements.outside(SEED).shape
    water = np.array([w.shape for w in rivers.waters(SEED)], dtype=object)
    network = roads.roads(SEED)
    ways = np.asarray(shapely.buffer([r.line for r in network], [r.width / 2 - 0.1 for r in network]))
    old = oldtown.old_town(SEED).buildings.shape
    assert shapes.clear_of(outside, water).all()
    assert shapes.clear_of(old, water).all()
    assert shapes.clear_of(outside, ways).all()


def test_heights_storeys_and_eaves_make_sense():
    for table in (oldtown.old_town(SEED).buildings, settlements.outside(SEED)):
        assert (table.height_m > 2.0).all()
        assert (table.height_m < 160.0).all()
        eaves = table.eaves_m[~np.isnan(table.eaves_m)]
        assert (eaves < table.height_m[~np.isnan(table.eaves_m)]).all()
        assert (table.storeys >= 1).all()
        pitched = table.roof_form != "flat"
        assert not np.isnan(table.eaves_m[pitched]).any()


def test_ten_sourced_codes_and_no_statistics_only_code():
    codes = [d.code for d in divisions.divisions(SEED)]
    assert codes == ["140212", "140213", "140214", "140215"] + [str(c) for c in range(140221, 140227)]


def test_divisions_partition_the_city_without_gap_or_overlap():
    units = np.array([d.shape for d in divisions.divisions(SEED)], dtype=object)
    city = shapely.union_all(units)
    assert shapely.is_valid(units).all()
    assert shapely.coverage_is_valid(units)
    assert city.geom_type == "Polygon"
    assert len(city.interiors) == 0
    assert shapely.area(units).sum() == pytest.approx(city.area, rel=1e-9)


def test_division_areas_follow_the_table():
    area = {d.code: d.shape.area / 1e6 for d in divisions.divisions(SEED)}
    for county in facts.COUNTIES:
        assert area[county.code] == pytest.approx(county.area_km2, rel=0.25)
    assert sum(area.values()) == pytest.approx(14074.2, rel=0.01)


def test_each_label_point_lies_in_its_own_county_and_known_places_too():
    points = np.array(frame.label_points()) + np.array(frame.centre())
    assert divisions.code_at(SEED, points) == [c.code for c in facts.COUNTIES]
    known = frame.to_city(np.array([facts.CENTRE, facts.CITY_GOVERNMENT, facts.YUNGANG_GROTTOES, facts.CETIAN]))
    assert divisions.code_at(SEED, known) == ["140213", "140213", "140214", "140215"]


def test_gcj_shift_at_the_old_town_is_the_sourced_one():
    lon, lat = frame.undo_gcj(113.29525, 40.09229)
    east, north = frame.around_centre((113.29525, 40.09229))
    assert (lon, lat) == pytest.approx(facts.CENTRE, abs=2e-5)
    assert (east, north) == pytest.approx((597.0, 132.0), abs=6.0)


def test_same_seed_gives_the_same_plan_and_another_seed_another():
    one, two, other = (lanes.plan(frame.stream(s, "old town")) for s in (7, 7, 8))
    assert one == two
    assert one != other
    at = np.arange(430_000.0, 432_000.0, 100.0)
    assert np.array_equal(terrain.heights(7, at, at + 4e6), terrain.heights(7, at, at + 4e6))


def test_only_sourced_thresholds_exist():
    found = [properties for _, properties in stations.stations(SEED)]
    assert 35 <= len(found) <= 45
    kinds = {k: [p["thresholds"] for p in found if p["kind"] == k] for k in ("gas", "water_level", "traffic", "air")}
    assert all(t == {"level_1": 25.0, "level_2": 50.0} for t in kinds["gas"])
    ladder = [t for t in kinds["water_level"] if t]
    assert [list(t.values()) for t in ladder] == [[956.0, 956.31, 957.57, 961.5]]
    assert not any(kinds["traffic"] + kinds["air"])
    assert len({p["code"] for p in found}) == len(found)


def test_vehicles_move_along_streets_at_town_speed():
    found = vehicles.fixes(SEED)
    assert len(found) == 5 * 361
    streets = shapely.union_all([r.line for r in roads.roads(SEED) if r.kind != "lane"])
    points = shapely.points([(f.x, f.y) for f in found])
    assert shapely.distance(points, streets).max() < 0.5
    for k in range(5):
        track = found[k * 361 : (k + 1) * 361]
        step = np.hypot(*np.diff([(f.x, f.y) for f in track], axis=0).T)
        assert (step <= 60.0 / 3.6 * 10.0).all()
        assert step.sum() > 8_000.0
        assert all((b.time - a.time).total_seconds() == 10 for a, b in zip(track[:-1], track[1:], strict=True))


def test_ground_is_where_the_sources_put_it():
    x0, y0 = frame.centre()
    town = terrain.grid(SEED, x0 - 1000.0, y0 - 1000.0, x0 + 1000.0, y0 + 1000.0, 100.0).values
    assert 1035.0 < town.min() <= town.max() < 1065.0
    peak = frame.to_city(np.array([terrain.PEAKS[0][:2]]))[0]
    assert float(terrain.heights(SEED, peak[:1], peak[1:])[0, 0]) == pytest.approx(2420.0, abs=0.5)
    river = next(c for c in rivers.courses(SEED) if c.name == "御河")
    assert (np.diff(river.bed) <= 0).all()


def test_fine_ground_agrees_with_coarse_ground():
    x0, y0 = frame.centre()
    west, south = np.floor(x0 / 100.0) * 100.0 - 3000.0, np.floor(y0 / 100.0) * 100.0 - 3000.0
    coarse = terrain.grid(SEED, west, south, west + 6000.0, south + 6000.0, 100.0)
    fine = terrain.grid(SEED, west, south, west + 6000.0, south + 6000.0, 20.0)
    at = np.column_stack(
        [
            g.ravel()
            for g in np.meshgrid(
                np.arange(west + 210.0, west + 5800.0, 60.0), np.arange(south + 210.0, south + 5800.0, 60.0)
            )
        ]
    )
    assert np.abs(coarse.at(at) - fine.at(at)).max() < 2.5
