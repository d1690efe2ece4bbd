"""Where unlabelled coordinates could lie: every usual CRS is found again from its own numbers, and nonsense is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim import crs
from cim.types import Box
from cim.whereabouts import candidates, likely, outside, sentence

DATONG = Box(112.6, 39.0, 114.6, 40.8)
FRAME = "EPSG:4547"
TOWN = np.array([[113.295, 40.090]])
ALL = ["EPSG:4326", "GCJ-02", "BD-09", "EPSG:4547", "EPSG:4526", "EPSG:4546", "EPSG:4508", "EPSG:4497", "EPSG:32649"]


@pytest.mark.parametrize("name", [*ALL, "EPSG:32650", "EPSG:4509", "EPSG:3857"])
def test_the_crs_that_data_is_in_is_among_those_that_place_it_in_the_city(name: str) -> None:
    found = {one.crs: one for one in candidates(crs.transform(TOWN, "EPSG:4326", name), DATONG, FRAME)}
    assert found[name].share_inside == 1.0
    assert np.abs(np.array(found[name].centre) - TOWN[0]).max() < 1e-6
    assert not found[name].exchanged
    shares = [one.share_inside for one in found.values()]
    assert shares == sorted(shares, reverse=True)  # the city's own frame comes after one that fits


@pytest.mark.parametrize(
    ("zone", "by_number"),
    [(37, "EPSG:4525"), (38, "EPSG:4526"), (39, "EPSG:4527"), (19, "EPSG:4497"), (20, "EPSG:4498")],
)
def test_zone_numbers_before_the_easting_name_their_zone(zone: int, by_number: str) -> None:
    found = candidates(np.array([[zone * 1e6 + 500_000.0, 4_440_000.0]]), DATONG, FRAME)
    assert found[0].crs == by_number
    meridian = zone * 3 if zone >= 25 else zone * 6 - 3
    assert found[0].centre[0] == pytest.approx(meridian, abs=1e-9)


def test_the_likeliest_comes_first_and_the_outside_ones_say_where_they_would_be() -> None:
    text = sentence(candidates(np.array([[439876.181, 4439760.443]]), DATONG, FRAME))
    assert text.startswith(
        "EPSG:4547 (CGCS2000 3-degree, central meridian 114E): 113.295 E, 40.090 N, inside the city; "
    )
    assert "EPSG:4546 (CGCS2000 3-degree, central meridian 111E): 110.295 E, 40.090 N, outside" in text
    assert "Xian 80 and Beijing 54 look the same" in text


def test_degrees_are_told_to_be_ambiguous_and_by_how_much() -> None:
    text = sentence(candidates(TOWN, DATONG, FRAME))
    # XY-02: 596.8 m east and 132.3 m north at the old town, 611.3 m in all
    assert "cannot tell these apart: away from WGS 84 would lie GCJ-02 611 m and BD-09 1,4" in text


def test_exchanged_columns_are_found_when_nothing_else_fits() -> None:
    for name in ("EPSG:4326", "EPSG:4547"):
        first = candidates(crs.transform(TOWN, "EPSG:4326", name)[:, ::-1], DATONG, FRAME)[0]
        assert (first.crs, first.exchanged, first.share_inside) == (name, True, 1.0)
        assert "columns exchanged" in sentence([first])


def test_another_city_of_the_country_is_placed_outside() -> None:
    wuhan = candidates(np.array([[114.39, 30.51]]), DATONG, FRAME)
    assert {one.share_inside for one in wuhan} == {0.0}
    assert "114.390 E, 30.510 N, outside" in sentence(wuhan)
    assert "inside" not in sentence(wuhan)


def test_a_city_abroad_finds_its_own_frame() -> None:
    found = candidates(np.array([[85_000.0, 446_000.0]]), Box(4.3, 51.9, 4.5, 52.1), "EPSG:28992")
    assert (found[0].crs, found[0].share_inside) == ("EPSG:28992", 1.0)


def test_half_of_the_data_inside_is_said_as_half() -> None:
    mixed = np.array([[113.3, 40.0], [113.4, 40.1], [120.0, 30.0], [121.0, 30.0]])
    assert "50% inside the city" in sentence(candidates(mixed, DATONG, FRAME))


@pytest.mark.parametrize(
    "nonsense", [np.empty((0, 2)), np.array([[np.nan, 1.0]]), np.array([[1e12, 3.0]]), np.array([[5.0, 7_000.0]])]
)
def test_nonsense_is_one_sentence_that_says_so(nonsense: np.ndarray) -> None:
    assert candidates(nonsense, DATONG, FRAME) == []
    assert "none of the CRSs usual in China" in sentence([])


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=5))
def test_any_numbers_give_at_most_six_candidates_and_a_sentence(points: list[tuple[float, float]]) -> None:
    found = candidates(np.array(points, dtype=float).reshape(-1, 2), DATONG, FRAME)
    assert len(found) <= 6
    assert all(0.0 <= one.share_inside <= 1.0 and np.isfinite(one.centre).all() for one in found)
    assert sentence(found)


@pytest.mark.parametrize(
    ("place", "first"),
    [
        ((113.3, 40.1), "EPSG:4326 (GPS)"),
        ((38_440_000.0, 4_440_000.0), "EPSG:4526 (CGCS2000 3-degree zone 38, its number before the easting)"),
        ((19_695_000.0, 4_440_000.0), "EPSG:4497 (CGCS2000 6-degree zone 19, its number before the easting)"),
        ((440_000.0, 4_440_000.0), "EPSG:4547 (CGCS2000 3-degree, central meridian 114E)"),
        ((12_612_000.0, 4_879_000.0), "EPSG:3857 (web Mercator)"),
        ((1e12, 0.0), "none of those usual in China: ask whoever made the file"),
    ],
)
def test_without_a_city_the_likeliest_follows_from_the_size_of_the_numbers(
    place: tuple[float, float], first: str
) -> None:
    assert likely(np.array([place]))[0] == first


def test_what_is_outside_and_looks_like_nothing_usual_is_told_in_whole_sentences() -> None:
    told = outside(
        (1459974.0, 14560367.0, 1460026.0, 14560400.0), "EPSG:2236", Box(112.6, 39.0, 114.5, 40.8), "EPSG:4547"
    )
    assert told is not None
    assert "could be these" not in told
    assert told.endswith("; these coordinates look like none of the CRSs usual in China (a local survey frame?): "
                         "ask whoever made the file")  # fmt: skip
