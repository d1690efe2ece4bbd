"""Whole-source checks of coverages: gaps, slits and overlaps of hand-made squares, the real ten counties, strange codes."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from cim import crs as frames
from cim import divisions
from cim.layers import LAYERS
from loaders.judging.coverage import check, check_codes, check_coverage

CITY = "EPSG:4547"
X, Y = 439_876.0, 4_439_760.0


def units(*boxes, parent="140200", codes=None, crs=CITY):
    """Squares at X, Y: (west, south, east, north) or shapes, coded 140201, 140202, ..."""
    shapes = [b if isinstance(b, shapely.Geometry) else shapely.box(*b) for b in boxes]
    moved = shapely.transform(np.array(shapes, dtype=object), lambda xy: xy + [X, Y])
    codes = codes or [f"1402{n:02d}" for n in range(1, len(boxes) + 1)]
    data = {"code": codes, "parent": [parent] * len(boxes)}
    return gpd.GeoDataFrame(data, geometry=list(moved), index=range(1, len(boxes) + 1), crs=crs)


def found(issues):
    return [(i.code, i.row) for i in issues]


def test_squares_that_share_their_edges_have_neither_gaps_nor_overlaps():
    assert check_coverage(units((0, 0, 9, 9), (9, 0, 18, 9), (0, 9, 18, 20))) == []


def test_an_overlap_names_both_units_its_area_and_its_place():
    (issue,) = check_coverage(units((0, 0, 100, 100), (90, 0, 200, 100)))
    assert (issue.code, issue.row, issue.rejected, issue.repaired) == ("division_overlap", 2, False, None)
    assert issue.message == "140202 overlaps 140201 (row 1) by 1,000 m²"
    xy = frames.transform(np.array([issue.at]), frames.LONLAT, CITY)[0] - [X, Y]
    assert 90 < xy[0] < 100
    assert 0 < xy[1] < 100


def test_an_enclosed_gap_names_its_neighbours_its_area_and_its_place():
    ring = [(0, 0, 300, 100), (0, 200, 300, 300), (0, 100, 100, 200), (200, 100, 300, 200)]
    (issue,) = check_coverage(units(*ring))
    assert (issue.code, issue.row) == ("division_gap", None)
    assert issue.message == "10,000 m² between 140201, 140202, 140203, 140204 belong to none of them"
    xy = frames.transform(np.array([issue.at]), frames.LONLAT, CITY)[0] - [X, Y]
    assert ((xy > 100) & (xy < 200)).all()


def test_a_slit_between_neighbours_that_opens_to_the_outside_is_a_gap():
    (issue,) = check_coverage(units((0, 0, 100, 100), (101, 0, 200, 100)))
    assert issue.code == "division_gap"
    assert issue.message.startswith("100 m² between 140201, 140202")


@pytest.mark.parametrize("apart", [2.5, 30.0, 5_000.0])
def test_units_farther_apart_than_a_slit_are_apart_and_no_gap(apart):
    assert check_coverage(units((0, 0, 100, 100), (100 + apart, 0, 300, 100))) == []


def test_a_notch_in_one_outline_lies_between_nobody():
    notched = shapely.box(0, 0, 100, 100) - shapely.box(50, 40, 51, 100)
    assert check_coverage(units(notched, (200, 0, 300, 100))) == []


def test_slivers_of_rounding_are_passed_over_up_to_the_stated_area():
    frame = units((0, 0, 100, 100), (99.995, 0, 200, 100))
    assert check_coverage(frame) == []
    assert found(check_coverage(frame, sliver_m2=0.4)) == [("division_overlap", 2)]


def test_units_of_other_levels_and_other_parents_may_lie_in_one_another():
    county = units((0, 0, 100, 100))
    town = units((0, 0, 50, 50), parent="140201", codes=["140201001"])
    elsewhere = units((20, 20, 60, 60), parent="140202", codes=["140202001"])
    frame = pd.concat([county, town, elsewhere], ignore_index=True)
    frame.index += 1
    assert check_coverage(frame) == []
    assert found(check_coverage(frame.assign(parent=["140200", "140201", "140201"]))) == [("division_overlap", 3)]


def test_without_a_stated_frame_the_place_is_unknown_and_the_finding_stands():
    (issue,) = check_coverage(units((0, 0, 100, 100), (90, 0, 200, 100), crs=None))
    assert (issue.code, issue.at) == ("division_overlap", None)


def test_missing_outlines_and_unreadable_codes_do_not_stop_the_check():
    frame = units((0, 0, 9, 9), (0, 0, 9, 9), (0, 0, 9, 9), codes=["140201", "14020", "140203"])
    frame.loc[3, "geometry"] = None
    assert check_coverage(frame) == []
    assert found(check_codes(frame)) == [("code_invalid", 2)]


def test_the_real_ten_counties_neither_overlap_nor_leave_gaps(shared):
    real = gpd.read_file(shared / "admin/datong_counties_wgs84.geojson").to_crs(CITY)
    real = real.assign(code=real["adcode"].astype(str), parent=real["parent"].astype(str))
    real.index += 1
    assert check(LAYERS["divisions"], real) == []
    moved = real.copy()
    moved.loc[[2], "geometry"] = real.loc[[2]].geometry.translate(50.0, 0.0)
    codes = {i.code for i in check(LAYERS["divisions"], moved)}
    assert codes == {"division_overlap", "division_gap"}


def test_codes_that_do_not_fit_their_parents_are_named_with_their_rows():
    frame = units(*[(n * 10, 0, n * 10 + 10, 10) for n in range(4)])
    frame = frame.assign(
        code=["140201", "140201001", "140202001", "140201002"], parent=["140200", "140201", "140201", "140209"]
    )
    assert found(check_codes(frame)) == [
        ("code_parent_mismatch", 3),
        ("code_parent_mismatch", 4),
        ("unknown_parent", 4),
    ]


def test_old_and_statistical_codes_are_named_with_what_they_are_today():
    table = divisions.Tree.of(
        divisions.unit(record)
        for record in (
            {"code": "140201", "name": "甲区"},
            {"code": "140209", "name": "旧区", "successors": "140201:S", "ended_on": "2018-02-09"},
            {"code": "140271", "name": "开发区", "statistical": "true"},
        )
    )
    frame = units((0, 0, 9, 9), (9, 0, 18, 9), (18, 0, 27, 9), codes=["140201", "140209", "140271"])
    issues = check(LAYERS["divisions"], frame, table)
    assert found(issues) == [("old_code", 2), ("statistical_code", 3)]
    assert "today: 140201 甲区" in issues[0].message


def test_unit_grids_are_checked_per_unit_and_other_layers_not_at_all():
    frame = units((0, 0, 100, 100), (50, 0, 150, 100), codes=["140201000000001", "140201000000002"]).drop(
        columns="parent"
    )
    assert found(check(LAYERS["unit_grids"], frame)) == [("division_overlap", 2)]
    assert check(LAYERS["buildings"], frame) == []
