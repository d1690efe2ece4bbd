"""What attributes must agree on: ladders, areas, classes the city has none of; Chinese words for choices."""

from dataclasses import replace

import geopandas as gpd
import pytest
import shapely

from cim.city import parse
from cim.errors import BadSettings
from cim.layers import LAYERS
from cim.plugins import Batch, Source
from loaders.judging.agreement import refuse_strange
from loaders.judging.checks import check

X, Y = 439_000.0, 4_440_000.0
POINT, SQUARE = shapely.Point(X, Y), shapely.box(X, Y, X + 100, Y + 200)  # 2 ha


def checked(city, layer, shape, **columns):
    rows = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame({"id": [f"k{n}" for n in range(rows)], **columns}, geometry=[shape] * rows)
    frame.index = range(1, rows + 1)
    return check(Batch(frame, "EPSG:4547"), Source("a.geojson", layer), LAYERS[layer], city)


def told(found):
    return [(issue.code, issue.row) for issue in found.issues]


def test_levels_out_of_order_are_told_and_unknown_ones_are_not_compared(city) -> None:
    levels = {"dead_m": [940.0, 960.0, None], "normal_m": [956.0, 956.0, 956.0], "crest_m": [961.5, 950.0, None]}
    found = checked(city, "reservoirs", POINT, name=["甲", "乙", "丙"], **levels)
    assert told(found) == [("out_of_order", 2), ("out_of_order", 2)]
    assert found.issues[0].message == "dead_m 960 lies above normal_m 956"
    assert len(found.frame) == 3


def test_a_stated_area_far_from_its_shape_is_told(city) -> None:
    areas = [2.0, 2.09, 3.0, None]
    found = checked(
        city, "heritage_zones", SQUARE, name=["区"] * 4, heritage=["甲"] * 4, zone=["buffer"] * 4, area_ha=areas
    )
    assert told(found) == [("area_differs", 3)]


def test_a_class_that_the_city_has_none_of_is_refused_where_its_file_says_so(city) -> None:
    hazards = {"hazard": ["海洋灾害", "sea", "flood", "洪水"]}
    found = checked(city, "hazard_factors", SQUARE, **hazards)
    assert [(r.row, r.codes) for r in found.rejected] == [
        (1, ("class_absent",)),
        (2, ("class_absent",)),
        (4, ("attribute_missing",)),
    ]
    by_the_sea = replace(city, limits=replace(city.limits, absent={}))
    assert len(checked(by_the_sea, "hazard_factors", SQUARE, **hazards).frame) == 3


def test_a_choice_may_be_written_in_chinese(city) -> None:
    found = checked(city, "enterprises", POINT, name=["甲", "乙"], kind=["非煤矿山", "coal"])
    assert found.frame["kind"].tolist() == ["non_coal", "coal"]


def test_structures_in_a_table_are_read_and_other_texts_stay(city) -> None:
    found = checked(city, "relief_stores", POINT, name=["甲", "乙"], stock=['{"帐篷": 40}', "若干"])
    assert found.frame["stock"].tolist() == [{"帐篷": 40}, "若干"]


@pytest.mark.parametrize(
    ("absent", "told"),
    [
        ({"hazards": {"hazard": ("sea",)}}, "no layer 'hazards'"),
        ({"hazard_factors": {"kind": ("sea",)}}, "no column 'kind' with classes; it has hazard"),
        ({"hazard_factors": {"hazard": ("see",)}}, "no class see; known: earthquake"),
    ],
)
def test_limits_that_name_what_there_is_not_are_refused(city, absent, told) -> None:
    with pytest.raises(BadSettings, match=told):
        refuse_strange(replace(city, limits=replace(city.limits, absent=absent)))


def test_the_city_file_must_give_absent_classes_as_lists(checkout) -> None:
    text = (checkout / "city.toml").read_text(encoding="utf-8")
    refuse_strange(parse(text))
    with pytest.raises(BadSettings, match="limits.absent: expected a table"):
        parse(text.replace('disasters = { hazard = ["sea"] }', 'disasters = { hazard = "sea" }'))
