"""Places found by what people type: parts, pinyin, initials, mistypings, wrong parts, ambiguous and old names."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from cim.city import City
from cim.errors import BadInput
from cim.store import places
from cim.store.db import Database
from cim.store.migrate import migrate
from tests.address_town import ADDRESSES, address_town, load

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def town(
    cluster: str, template: str, city: City, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with address_town(cluster, template, city, shared, tmp_path_factory.mktemp("town")) as database:
        yield database


def look(town: Database, q: str, limit: int = 10) -> list[dict]:
    with town.begin() as connection:
        return places.search(connection, q, limit=limit)


def first(town: Database, q: str) -> str:
    found = look(town, q)
    assert found, q
    return found[0]["name"] or found[0]["address"]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("大同市平城区古城街道和阳街11号", "大同市平城区古城街道和阳街11号"),
        ("山西省大同市平城区古城街道和阳街十一号", "大同市平城区古城街道和阳街11号"),
        ("和阳街11号", "大同市平城区古城街道和阳街11号"),
        ("和阳街11", "大同市平城区古城街道和阳街11号"),
        ("和阳街 甲16号", "大同市平城区古城街道和阳街甲16号"),
        ("11号和阳街平城区", "大同市平城区古城街道和阳街11号"),
        ("和阳街11号,古城街道,平城区,大同市", "大同市平城区古城街道和阳街11号"),
        ("云冈区和阳街12号", "大同市云冈区口泉街道和阳街12号"),
        ("heyangjie11号", "大同市平城区古城街道和阳街11号"),
        ("he yang jie 11 hao", "大同市平城区古城街道和阳街11号"),
        ("heyang街11号", "大同市平城区古城街道和阳街11号"),
        ("hyj11号", "大同市平城区古城街道和阳街11号"),
        ("pingchengqu heyangjie 14", "大同市平城区古城街道和阳街14号"),
        ("和洋街11号", "大同市平城区古城街道和阳街11号"),
        ("平城区河阳街11号", "大同市平城区古城街道和阳街11号"),
        ("魏都道20号", "大同市平城区魏都大道20号"),
        ("御河花园3号楼2单元501室", "大同市平城区御河花园3号楼2单元501室"),
        ("御河花园3-2-501", "大同市平城区御河花园3号楼2单元501室"),
        ("御河花园三号楼", "大同市平城区魏都大道20号御河花园3号楼"),
        ("永安里小买部", "永安里小卖部"),
        ("小岭村7号", "浑源县青磁窑镇小岭村7号"),
        ("浑源县小岭村7号", "浑源县青磁窑镇小岭村7号"),
        ("第三人民医院", "大同市第三人民医院"),
        ("大同第三医院", "大同市第三人民医院"),
        ("五号井和平路5号", "大同市云冈区五号井和平路5号"),
        ("平城区", "平城区"),
        ("平城", "平城区"),
        ("pcq", "平城区"),
        ("pingcheng", "平城区"),
        ("鼓楼社区", "鼓楼社区居民委员会"),
    ],
)
def test_what_is_meant_comes_first(town: Database, q: str, expected: str) -> None:
    assert first(town, q) == expected


@pytest.mark.parametrize(
    ("q", "codes"),
    [
        ("古城", {"140213051", "140221104", "140221104200", "140213064207", "140226100210"}),
        ("玉泉", {"140214036", "140222100"}),
        ("口泉", {"140214018", "140214200", "140214200200"}),
        ("平旺", {"140214207", "140214207200"}),
        ("青磁窑", {"140225106", "140225106200"}),
        ("永泰", {"140213050"}),
        ("永安", {"140225100", "140225100012", "140213066001"}),
        ("guchengzhen", {"140221104"}),
        ("140213051", {"140213051"}),
    ],
)
def test_a_name_of_several_units_brings_all_of_them_and_settles_on_none(
    town: Database, q: str, codes: set[str]
) -> None:
    found = look(town, q, 20)
    best = [one for one in found if one["score"] == found[0]["score"]]
    assert codes <= {one["division"] for one in found}
    assert {one["division"] for one in best} >= codes or len(codes) == 1 or all(one["score"] >= 0.9 for one in best)
    if len(codes) > 1:
        assert len(best) > 1
    assert all(one["lon"] is None and "no_place" in one["why"] for one in found if one["layer"] == "division_codes")


def test_平旺_leads_on_to_the_old_and_the_new_one(town: Database) -> None:
    names = {one["name"] for one in look(town, "平旺", 20)}
    assert {"平旺乡", "新平旺街道", "老平旺街道"} <= names


def test_a_generic_word_settles_which_unit_is_meant(town: Database) -> None:
    assert [one["division"] for one in look(town, "口泉乡")][0] == "140214200"
    assert [one["division"] for one in look(town, "阳高县古城")][0] == "140221104"


def test_old_units_are_found_and_say_what_became_of_them(town: Database) -> None:
    old = look(town, "南郊区")[0]
    assert (old["division"], old["kind"]) == ("140211", "old_division")
    assert "140214" in old["says"]["en"]
    assert first(town, "南郊区口泉街道和阳街12号") == "大同市云冈区口泉街道和阳街12号"
    assert look(town, "大同县")[0]["division"] == "140227"


def test_a_number_that_does_not_exist_is_named_with_its_neighbours(town: Database) -> None:
    found = look(town, "古城街道和阳街12号")
    assert {one["address"] for one in found[:2]} >= {"大同市平城区古城街道和阳街11号"} or found[0]["score"] < 0.8
    assert all(one["score"] < 0.8 for one in found)
    assert "number_differs" in {code for one in found for code in one["why"]}


def test_a_place_in_another_county_says_so_and_scores_less(town: Database) -> None:
    right, wrong = look(town, "口泉街道和阳街12号")[0], look(town, "阳高县和阳街12号")[0]
    assert right["id"] == wrong["id"]
    assert wrong["score"] < right["score"] == 1.0
    assert "area_differs" in wrong["why"]
    assert "阳高县" in wrong["says"]["zh"]


def test_a_room_that_does_not_exist_leaves_its_building(town: Database) -> None:
    found = look(town, "御河花园3号楼2单元909室")
    assert found[0]["score"] < 0.9
    assert {"no_room"} <= {code for one in found for code in one["why"]}


def test_nothing_found_is_an_empty_list_and_a_reason(town: Database) -> None:
    with town.begin() as connection:
        found = places.answer(connection, "埃菲尔铁塔")
        with pytest.raises(BadInput, match="no letter"):
            places.search(connection, "，。")
    assert found.results == ()
    assert found.reason is not None
    assert found.reason.code == "unknown_name"


def test_many_at_once_are_answered_as_each_alone(town: Database) -> None:
    asked = [row[1] for row in ADDRESSES] + ["", "埃菲尔铁塔", "云冈区和阳街12号"]
    with town.begin() as connection:
        found = places.Geocoder(connection).answers(asked)
    assert [one.results[0]["address"] if one.results else None for one in found] == [
        *(row[1] for row in ADDRESSES), None, None, "大同市云冈区口泉街道和阳街12号",
    ]  # fmt: skip
    scores = dict(zip(asked, (one.results[0]["score"] if one.results else 0.0 for one in found), strict=True))
    assert scores.pop("大同市平城区第三人民医院") > 0.8  # its name begins with the city
    assert min(list(scores.values())[:-3]) >= 0.97  # of a shop only the address was asked for


def test_a_new_delivery_writes_only_the_places_that_it_tells_otherwise(
    database: Database, city: City, tmp_path: Path
) -> None:
    path = tmp_path / "addresses.csv"

    def deliver(*names: str) -> dict[str, int]:
        rows = [f"{name[0]},大同市平城区,{name},地名,140213,113.28,40.09" for name in names]
        path.write_text("id,address,name,kind,division,lon,lat\n" + "\n".join(rows) + "\n", encoding="utf-8")
        load(database, city, path, "addresses")
        with database.begin() as connection:
            return {row.name: row.id for row in connection.execute(text("SELECT name, id FROM cim.place"))}

    before = deliver("甲店", "乙店", "丙店")
    after = deliver("甲店", "乙铺")
    assert set(after) == {"甲店", "乙铺"}
    assert after["甲店"] == before["甲店"]
    assert after["乙铺"] not in before.values()
    with database.begin() as connection:
        known = set(connection.execute(text("SELECT folded FROM cim.place_name")).scalars())
        assert known == {"甲店", "乙铺"}
        assert places.search(connection, "丙店") == []


def test_a_database_of_the_release_before_keeps_its_places_findable(
    empty_database_url: str, city: City, tmp_path: Path
) -> None:
    database = Database(empty_database_url)
    migrate(database, city, to="0004")
    with database.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO cim.place (object_id, dataset_id, layer, kind, name, address, folded_name, search, pinyin,
                                       initials, rank, geom)
                VALUES (1, 1, 'landmarks', 'tower', '鼓楼', NULL, '鼓楼', '鼓楼', 'gulou', 'gl', 0,
                        ST_SetSRID(ST_MakePoint(440000, 4440000), 4547)),
                       (2, 2, 'addresses', '门牌', NULL, '大同市平城区和阳街12号', '', '大同市平城区和阳街12号', '', '', 2,
                        ST_SetSRID(ST_MakePoint(440000, 4440000), 4547))""")
        )
    migrate(database, city)
    with database.begin() as connection:
        assert places.search(connection, "gulou")[0]["name"] == "鼓楼"
        assert places.search(connection, "大同市平城区和阳街12号")[0]["id"] == 2
        assert places.search(connection, "和阳街12号")[0]["id"] == 2
    database.close()


def test_a_number_below_a_number_is_found_among_more_than_are_looked_at(
    database: Database, city: City, tmp_path: Path
) -> None:
    table = tmp_path / "addresses.csv"
    rows = [f"n{n},迎宾街12号附{n}号,113.3,{40.1 + n * 1e-4}" for n in range(1, 31)]
    rows += [f"b{n},柳港园甲{n}号楼,113.4,{40.1 + n * 1e-4}" for n in range(1, 31)]
    rows += [f"{sign},柳港园{sign}座,113.4,{40.1 + n * 1e-4}" for n, sign in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")]
    table.write_text("id,address,lon,lat\n" + "\n".join(rows) + "\n", encoding="utf-8")
    load(database, city, table, "addresses")
    for asked in ("迎宾街12号附27号", "柳港园Y座", "柳港园甲27号楼"):
        assert [one["address"] for one in look(database, asked) if one["score"] == 1.0] == [asked]


def test_a_street_that_addresses_alone_tell_of_comes_before_them_and_says_so(town: Database) -> None:
    for asked, best in (("和阳街", 1.0), ("和阳", 0.95), ("heyangjie", 0.9)):
        streets = [one for one in look(town, asked) if one["kind"] == "street"]
        assert [(one["name"], one["division"], one["id"]) for one in streets] == [
            ("和阳街", "140213", None),
            ("和阳街", "140214", None),
        ]
        assert {one["score"] for one in streets} == {best}
        assert "of_addresses" in streets[0]["why"]
        assert "3" in streets[0]["says"]["zh"]
        assert (streets[0]["lon"], streets[0]["lat"]) == pytest.approx((113.282, 40.09), abs=1e-6)  # of 11, 14 and 16
    assert look(town, "和阳街")[0]["kind"] == "street"
    assert [one["division"] for one in look(town, "云冈区和阳街") if one["kind"] == "street"] == ["140214"]
    assert look(town, "御河花园")[0]["kind"] == "quarter"
    assert all(one["kind"] != "street" for one in look(town, "和阳街12号"))


def test_a_road_is_found_as_long_as_one_piece_of_it_is_held(database: Database, city: City, tmp_path: Path) -> None:
    path = tmp_path / "roads.geojson"

    def deliver(mode: str, *pieces: tuple[str, str]) -> None:
        shapes = [{"type": "LineString", "coordinates": [[113.27, 40.08 + k / 1e3], [113.29, 40.08]]} for k in range(3)]
        features = [
            {"type": "Feature", "properties": {"id": id, "name": name}, "geometry": shapes[int(id[1])]}
            for id, name in pieces
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        load(database, city, path, "roads", mode=mode)

    deliver("replace", ("r0", "魏都大道"), ("r1", "魏都大道"), ("r2", "永泰街"))
    deliver("terminate", ("r0", "魏都大道"))
    assert [one["name"] for one in look(database, "魏都大道")] == ["魏都大道"]
    deliver("append", ("r1", "操场城街"))
    assert look(database, "魏都大道") == []
    assert [one["name"] for one in look(database, "操场城街")] == ["操场城街"]


def test_a_street_with_a_record_of_its_own_is_told_once(town: Database, city: City, tmp_path: Path) -> None:
    path = tmp_path / "roads.geojson"
    line = {"type": "LineString", "coordinates": [[113.27, 40.0895], [113.29, 40.0895]]}
    road = {"type": "Feature", "properties": {"id": "r1", "name": "魏都大道"}, "geometry": line}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [road]}), encoding="utf-8")
    assert [one["layer"] for one in look(town, "魏都大道")][0] == "addresses"
    load(town, city, path, "roads")
    found = look(town, "魏都大道")
    assert (found[0]["layer"], found[0]["score"]) == ("roads", 1.0)
    assert all("of_addresses" not in one["why"] for one in found)
