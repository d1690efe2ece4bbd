"""Protected units tied to buildings: each rule, what is told of those that are none, and who wins over whom."""

import numpy as np
import pytest
import shapely

from cim.fusion.protection import REASONS, Standing, Unit, settle, tie
from cim.types import Use

ROWS = [
    # id, name, address, use, west, divisions
    (1, "华严寺", None, Use.religious, 0, ("140213",)),
    (2, "华严寺大殿", None, Use.religious, 60, ("140213",)),
    (3, "华严寺小学", None, Use.education, 120, ("140213",)),
    (4, "鼓 楼", None, Use.heritage, 400, ("140213",)),
    (5, "鼓楼商场", "和阳街１２号", Use.commercial, 440, ("140213",)),
    (6, "关帝庙", None, Use.religious, 0, ("140213",)),
    (7, "关帝庙", None, Use.religious, 9_000, ("140215",)),
    (8, None, None, Use.unknown, 500, ("140213",)),
]
HELD = Standing(
    np.array([row[0] for row in ROWS]),
    np.array([row[1] for row in ROWS], dtype=object),
    np.array([row[2] for row in ROWS], dtype=object),
    np.array([row[3] for row in ROWS]),
    np.array([shapely.box(row[4], 10 * row[0], row[4] + 20, 10 * row[0] + 9) for row in ROWS]),
    np.array([None, *(row[5] for row in ROWS)], dtype=object)[1:],
)


def unit(name="无名寺", grade="national", **known):
    return Unit("U1", 1, name, grade, **known)


@pytest.mark.parametrize(
    ("one", "buildings", "rule"),
    [
        (unit(building="DT-1", name="华严寺"), [8], "by_id"),
        (unit(xy=(510.0, 85.0), name="华严寺"), [8], "by_place"),
        (unit(name="华严寺"), [1, 2], "by_name"),  # its halls, not the school that is called after it
        (unit(name="大同鼓楼"), [4], "by_name"),  # too short a name to stand for what begins with it
        (unit(name="关帝庙", division="140215000000"), [7], "by_name"),
        (unit(name="关帝庙", xy=(9_100.0, 80.0)), [7], "by_name"),
        (unit(address="和阳街12号"), [5], "by_address"),
    ],
)
def test_each_rule_ties_a_unit(one, buildings, rule):
    ties, untied = tie([one], HELD, {"DT-1": 8}, ["大同市", "大同"])
    assert [(found.building_id, found.rule) for found in ties] == [(building, rule) for building in buildings]
    assert untied == []


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (unit(building="DT-9"), "protected_id_unknown"),
        (unit(), "protected_name_unknown"),
        (unit(name="关帝庙"), "protected_ambiguous"),
        (unit(address="某街1号"), "protected_nowhere"),
        (unit(xy=(700.0, 700.0)), "protected_nowhere"),
        (unit(name="华严寺", division="140226"), "protected_name_unknown"),
    ],
)
def test_a_unit_that_is_no_building_says_why(one, code):
    ties, untied = tie([one], HELD, {"DT-1": 8})
    assert ties == []
    assert [found.code for found in untied] == [code]
    assert code in REASONS


def test_no_building_at_all_ties_nothing():
    nobody = Standing(*(np.array([], dtype=kind) for kind in (np.int64, object, object, np.int64, object, object)))
    assert tie([unit(name="华严寺")], nobody, {})[1][0].code == "protected_name_unknown"


def test_the_higher_grade_decides_and_what_differs_is_a_conflict():
    units = [
        Unit("A", 1, "华严寺", "county", era="清", listed=1980),
        Unit("B", 2, "华严寺", "national", era="辽", listed=1961),
        Unit("C", 3, "鼓楼", "national", era="明", listed=2019),
    ]
    won = settle(units, tie(units, HELD, {})[0])
    assert [(one.building_id, units[one.tie.unit].id) for one in won] == [(1, "B"), (2, "B"), (4, "C")]
    assert won[0].conflicts == {"grade": ("national", "county"), "era": ("辽", "清")}
    assert won[2].conflicts == {}


def test_of_equal_grades_the_surer_tie_then_the_earlier_listing_decides():
    units = [
        Unit("A", 1, "华严寺", "national", listed=2001),
        Unit("B", 2, "华严寺", "national", listed=1961),
        Unit("Z", 3, "别名", "national", listed=2019, building="k"),
    ]
    won = settle(units, tie(units, HELD, {"k": 1})[0])
    assert [units[one.tie.unit].id for one in won] == ["Z", "B"]
