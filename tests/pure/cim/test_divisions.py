"""Divisions: codes and levels, the tree and its faults, old and statistical codes, one owner for every point."""

import csv
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cim import crs as frames
from cim.divisions import LEVELS, Tree, is_under, level, lineage, normal, parent, unit
from cim.errors import BadInput
from cim.ownership import BORDER_M, GAP_M, Near, owner, owners

SAMPLE = Path(__file__).resolve().parents[3] / "data_samples/datong"


def table(path: Path, **columns: str) -> Tree:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return Tree.of(unit({**row, **{here: row[there] for here, there in columns.items()}}) for row in rows)


@pytest.fixture(scope="module")
def known() -> Tree:
    return table(SAMPLE / "division_codes.csv")


# --- codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["", "1402", "1402133", "14021a", "040213", "１４０２１３", "140213051001000", "县", "1" * 18]
)
def test_what_is_no_code_is_refused_in_one_sentence(code):
    for ask in (normal, level, parent, lineage):
        with pytest.raises(BadInput, match=r"expected 6 digits \(GB/T 2260\), 9 .* such as 140213"):
            ask(code)


@given(st.from_regex(r"[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?", fullmatch=True))
def test_every_code_lies_under_its_parents_up_to_the_province_and_levels_fall(code):
    above = lineage(code)
    ranks = [LEVELS.index(level(c)) for c in (code, *above)]
    assert ranks == sorted(set(ranks), reverse=True)
    assert ranks[-1] == 0
    assert all(is_under(code, c) and not is_under(c, code) for c in above)


def test_a_unit_grid_lies_under_the_finest_unit_that_its_code_names():
    assert [parent(c) for c in ("140213051001007", "140213051000007", "140213000000007")] == [
        "140213051001",
        "140213051",
        "140213",
    ]


# --- the tree --------------------------------------------------------------------------------------------------------


def test_the_real_list_of_the_city_is_one_whole_tree(shared):
    tree = table(shared / "admin/datong_divisions.csv", parent="parent_code")
    assert tree.issues == ()
    assert tree.roots() == ("140200",)
    assert len(tree.children("140200")) == 11
    levels = [level(code) for code in tree.units]
    assert [levels.count(name) for name in ("city", "county", "town", "community")] == [1, 11, 127, 1827]
    towns = {"140212": 7, "140213": 18, "140214": 27, "140215": 9, "140221": 11, "140222": 11, "140223": 8}
    towns |= {"140224": 11, "140225": 16, "140226": 8, "140271": 1}
    assert {code: len(tree.children(code)) for code in tree.children("140200")} == towns
    with (shared / "admin/datong_divisions.csv").open(encoding="utf-8-sig") as file:
        assert all("山西省" + tree.path_name(row["code"]) == row["full_name"] for row in csv.DictReader(file))


def test_ancestors_and_path_follow_the_tree_that_is_there(known):
    assert known.ancestors("140213051") == ("140213", "140200")
    assert known.path_name("140213051") == "大同市平城区古城街道"
    assert known.path_name("140213051007") == "140213051007"
    assert known.children("140299") == ()


def test_faults_of_a_table_are_issues_and_what_is_sound_still_stands():
    rows = [
        ("140201", "140200"),
        ("140201001", "140202"),
        ("140201002", "140201"),
        ("140201002", "140201"),
        ("12", None),
        ("140201003", "140299"),
        ("140201004", None),
        ("140298001", None),
    ]
    tree = Tree.of(unit({"code": code, "parent": above}) for code, above in rows)
    assert [(i.code, i.row) for i in tree.issues] == [
        ("code_repeated", 4),
        ("code_invalid", 5),
        ("code_parent_mismatch", 2),
        ("unknown_parent", 2),
        ("code_parent_mismatch", 6),
        ("unknown_parent", 6),
        ("unknown_parent", 8),
    ]
    assert tree.children("140201") == ("140201002", "140201004")
    assert tree.roots() == ("140201", "140201001", "140201003", "140298001")


@pytest.mark.parametrize("ring", [["140201001"], ["140201001", "140201002"], ["140201001", "140201002", "140201003"]])
def test_units_that_lie_under_themselves_are_named_and_nothing_hangs(ring):
    rows = [{"code": code, "parent": ring[n - 1]} for n, code in enumerate(ring)]
    tree = Tree.of(unit(row) for row in [*rows, {"code": "140201"}, {"code": "140201009", "parent": ring[0]}])
    assert [i.code for i in tree.issues].count("parent_cycle") == 1
    assert all(len(tree.ancestors(code)) <= len(ring) for code in tree.units)


# --- old and statistical codes ---------------------------------------------------------------------------------------


def test_the_sample_table_is_sound_and_every_record_says_its_source(known):
    assert known.issues == ()
    assert all(u.source and u.trust for u in known.units.values())
    assert [code for code in known.units if known.is_statistical(code)] == ["140271"]
    assert [code for code in known.units if known.is_old(code)] == ["140202", "140203", "140211", "140227"]
    assert not known.is_statistical("140213")
    assert known.is_statistical("140271400")


@pytest.mark.parametrize(
    ("code", "today"),
    [
        ("140227", ["140215"]),
        ("140203000000", ["140214"]),
        ("140202", ["140213", "140214"]),
        ("140211", ["140214", "140213", "140212"]),
        ("140211102", ["140214", "140213", "140212"]),  # a town of the old unit
        ("140213", ["140213"]),
        ("140271", ["140271"]),
        ("140299", []),
        ("140213999", []),
    ],
)
def test_old_codes_give_ranked_candidates_and_strange_ones_give_none(known, code, today):
    assert [c.code for c in known.resolve(code)] == today


def test_a_candidate_says_why_and_how_far_to_trust_it(known):
    (one,) = known.resolve("140227")
    assert (one.name, one.why, one.trust) == ("云州区", "successor", "S")
    assert [c.why for c in (*known.resolve("140213"), *known.resolve("140271"))] == ["current", "statistical"]


def test_a_place_settles_which_successor_it_is(known):
    (one,) = known.resolve("140211", place=("140200", "140213", "140213051"))
    assert (one.code, one.why) == ("140213", "place")
    assert [c.code for c in known.resolve("140211", place=("140226",))] == ["140214", "140213", "140212"]
    assert [c.code for c in known.resolve("140271", place=("140200", "140215"))] == ["140215", "140271"]


def test_successors_of_successors_are_followed_and_circles_end():
    old = [("140201", "140202:S 140203:K"), ("140202", "140204:S"), ("140203", "140201:K"), ("140204", "")]
    tree = Tree.of(unit({"code": code, "successors": went}) for code, went in old)
    assert [c.code for c in tree.resolve("140201")][0] == "140204"
    assert "140204" in [c.code for c in tree.resolve("140203")]


def test_label_points_of_before_2018_lie_in_the_first_successor(known, shared):
    counties = gpd.read_file(shared / "admin/datong_counties_wgs84.geojson")
    with (shared / "admin/datong_counties_pre2018_cpca.csv").open(encoding="utf-8-sig") as file:
        rows = {row["adcode"][:6]: row for row in csv.DictReader(file)}
    for code in ("140202", "140203", "140211", "140227"):
        row = rows[code]
        assert row["name"] == known.units[code].name
        gcj = np.array([[float(row["longitude"]), float(row["latitude"])]])
        for point in (gcj, frames.transform(gcj, frames.GCJ02, frames.LONLAT)):
            inside = counties[counties.covers(shapely.Point(point[0]))]
            assert [str(c) for c in inside["adcode"]] == [known.resolve(code)[0].code]


# --- owners ----------------------------------------------------------------------------------------------------------


def test_the_smallest_code_owns_a_border_the_nearest_a_slit_and_nobody_what_is_far():
    assert owner([Near("140214", 0.0), Near("140213", BORDER_M)]).code == "140213"
    assert owner([Near("140213", 0.5), Near("140214", 0.2)]).code == "140214"
    assert owner([Near("140214", 0.5), Near("140213", 0.5)]).code == "140213"
    assert owner([Near("140213", 0.5), Near("140214", 0.0)]).code == "140214"
    assert owner([Near("140213", GAP_M * 1.01)]) is None
    assert owner([Near("140213", 4.0)], gap_m=5.0).code == "140213"
    assert owner([]) is None


def test_owners_lie_in_one_another_and_marked_units_own_nothing():
    near = [Near(code, 0.0) for code in ("140214", "140215", "140214001", "140215001", "140215001000001", "140200")]
    assert [n.code for n in owners(near).values()] == ["140200", "140214", "140214001"]
    assert [n.code for n in owners(near, without={"140214"}).values()] == [
        "140200",
        "140215",
        "140215001",
        "140215001000001",
    ]
    assert list(owners([Near("140271", 0.0), Near("140215", 0.0)], without={"140271"})) == ["county"]


def test_every_point_of_the_real_counties_has_one_owner_and_neighbours_agree(shared):
    path = shared / "admin/datong_counties_wgs84.geojson"
    counties = gpd.read_file(path).to_crs(4547)
    codes = [str(c) for c in counties["adcode"]]
    shapes = counties.geometry.to_numpy()
    corners = shapely.get_coordinates(shapes)
    shared_corners = {tuple(xy) for xy in corners.round(6) if (np.abs(corners - xy).max(axis=1) < 1e-5).sum() > 1}
    assert len(shared_corners) > 300
    for xy in sorted(shared_corners)[:400]:
        distance = shapely.distance(shapes, shapely.Point(xy))
        there = [c for c, d in zip(codes, distance, strict=True) if d <= BORDER_M]
        found = owners([Near(c, float(d)) for c, d in zip(codes, distance, strict=True)])
        assert found["county"].code == min(there)


def test_the_sample_town_lies_in_its_county():
    read = {name: json.loads((SAMPLE / name).read_text()) for name in ("divisions.geojson", "towns.geojson")}
    shapes = {
        f["properties"]["code"]: shapely.geometry.shape(f["geometry"]) for d in read.values() for f in d["features"]
    }
    assert shapes["140213"].contains_properly(shapes["140213051"])
