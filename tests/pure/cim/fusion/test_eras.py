"""The years of eras that texts name, and years that lie outside them."""

import pytest

from cim.fusion.eras import ERAS, outside, spans


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("辽", [(907, 1125)]),
        ("遼代", [(907, 1125)]),
        ("明朝", [(1368, 1644)]),
        ("清早期", [(1616, 1911)]),
        ("清代晚期", [(1616, 1911)]),
        ("辽、金", [(907, 1125), (1115, 1234)]),
        ("辽金时期", [(907, 1125), (1115, 1234)]),
        ("北魏至唐", [(386, 907)]),
        ("明—清", [(1368, 1911)]),
        ("明清、民国", [(1368, 1644), (1616, 1911), (1912, 1949)]),
        ("五代十国", [(902, 979)]),
        ("1933年", [(1933, 1933)]),
        ("1931-1937", [(1931, 1937)]),
        ("公元1038年", [(1038, 1038)]),
        ("元，１９５８年", [(1206, 1368), (1958, 1958)]),
    ],
)
def test_eras_are_read_as_tables_write_them(text: str, found: list[tuple[int, int]]) -> None:
    assert spans(text) == tuple(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "近代",
        "现代",
        "清光绪二十年",
        "明(清重修)",
        "魏",
        "民国元年",
        "辽、不详",
        "明至",
        "至清",
        "辽至金至元",
        "、",
    ],
)
def test_what_has_no_known_bounds_is_not_judged(text: str) -> None:
    assert spans(text) is None
    assert outside(text, 2012) is None


def test_a_text_of_any_length_is_an_answer_at_once() -> None:
    assert spans("五代十国" * 100_000 + "?") is None
    assert spans("五代十国" * 24 + "?") is None


@pytest.mark.parametrize("name", ERAS)
def test_the_first_and_the_last_year_of_an_era_lie_in_it(name: str) -> None:
    first, last = ERAS[name]
    assert first < last
    assert [outside(name, year) is None for year in (first - 1, first, last, last + 1)] == [False, True, True, False]


def test_parts_of_a_dynasty_lie_within_it() -> None:
    for whole, parts in {
        "汉": "西汉 东汉",
        "晋": "西晋 东晋",
        "宋": "北宋 南宋",
        "五代": "后梁 后唐 后晋 后周",
    }.items():
        for part in parts.split():
            assert ERAS[whole][0] <= ERAS[part][0] < ERAS[part][1] <= ERAS[whole][1]
