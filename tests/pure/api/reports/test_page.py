"""The report's page: whole, harmless, self-contained, readable."""

import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from api.reports.issue_codes import CODES
from api.reports.map import View, draw, view
from api.reports.page import render
from cim.types import Box

EXTENT = Box(112.5, 39.0, 114.5, 40.7)
EVIL = "<script>alert('&\"')</script>"
VERSION = {"id": 7, "state": "published", "checksum": "ab" * 32, "crs": "EPSG:4547"}
VOID = {"meta", "br", "path", "rect"}


def _issue(code: str = "domain", row: int | None = 1, **given: Any) -> dict[str, Any]:
    plain = {"code": code, "message": "said", "row": row, "repaired": None, "rejected": False, "at": [113.3, 40.0]}
    return plain | given


def _report(**given: Any) -> dict[str, Any]:
    grid = {"extent": [113.0, 39.9, 113.4, 40.2], "columns": 2, "rows": 2, "accepted": [[1, 0], [0, 2500]]}
    plain = {"dataset": "roads", "layer": "roads", "source": "/srv/in/roads.geojson", "mode": "replace", "read": 12345}
    counts = {"accepted": 12340, "repaired": 3, "rejected": 5, "noted": 0, "seconds": 1.5, "unchanged": False}
    rest = {"by_code": {}, "changes": {}, "issues": [], "issues_left_out": 0, "worst": [], "conflicts": []}
    return plain | counts | rest | {"grid": {**grid, "rejected": [[0, 0], [0, 0]]}, "conflicts_in_all": 0} | given


def _page(report: dict[str, Any], **given: Any) -> str:
    place = {"city_name": "大同市", "city_name_en": "Datong", "extent": EXTENT, "outline": None, "version": VERSION}
    return render(report, **(place | given))


class _Reader(HTMLParser):
    """Collects the elements with their attributes and text, and finds those that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(page: str) -> _Reader:
    # a path with a title inside is no void element, so titles are taken as their parents' text
    reader = _Reader()
    reader.feed(page.replace("</path>", "").replace("</rect>", ""))
    assert reader.open == []
    return reader


def test_counts_stand_with_thousands_separators() -> None:
    text = _read(_page(_report(by_code={"domain": 12001}))).text
    assert "12,345读入 read" in text
    assert "12,001" in text
    assert "1.5 s" in text


def test_what_a_record_holds_never_becomes_markup() -> None:
    issue = _issue(code=EVIL, message=EVIL, repaired=EVIL)
    conflict = {"object": EVIL, "attribute": EVIL, "why": EVIL}
    sides = {side: {"dataset": EVIL, "value": EVIL} for side in ("won", "lost")}
    names = {"dataset": EVIL, "layer": EVIL, "source": EVIL, "mode": EVIL, "by_code": {EVIL: 1}}
    report = _report(**names, issues=[issue], worst=[issue], conflicts=[conflict | sides], conflicts_in_all=1)
    version = {"id": EVIL, "state": EVIL, "checksum": EVIL, "crs": EVIL, "restores": EVIL, "published_at": EVIL}
    page = _page(report, version=version, city_name=EVIL, city_name_en=EVIL)
    reader = _read(page)
    assert "script" not in {tag for tag, _ in reader.elements}
    assert reader.text.count("<script>alert('&\"')</script>") >= 15
    assert not any(name.startswith("on") for _, attributes in reader.elements for name in attributes)


def test_the_page_asks_nobody_for_anything() -> None:
    page = _page(_report(issues=[_issue()], by_code={"domain": 1}, worst=[_issue()]))
    reader = _read(page)
    assert {"script", "link", "img", "iframe"}.isdisjoint({tag for tag, _ in reader.elements})
    assert not any({"src", "href"} & attributes.keys() for _, attributes in reader.elements)
    assert "url(" not in page
    assert "@import" not in page


def test_the_folder_of_the_file_is_not_told() -> None:
    page = _page(_report())
    assert "roads.geojson" in page
    assert "/srv" not in page


def test_a_delivery_without_faults_says_so_in_words() -> None:
    text = _read(_page(_report(changes={"unchanged": 12340}))).text
    assert "Nothing was wrong with any record." in text
    assert "Nothing changed." in text
    assert "what is wrong" not in text.lower()
    assert "Nothing was wrong" not in _read(_page(_report(by_code={"domain": 1}))).text


def test_a_code_is_explained_in_both_languages_and_an_unknown_one_is_shown_by_its_name() -> None:
    text = _read(_page(_report(by_code={"self_intersection": 2, "brand_new": 1}))).text
    for words in (*CODES["self_intersection"], "self_intersection", "brand_new"):
        assert words in text


def test_bars_are_as_long_as_their_counts() -> None:
    page = _page(_report(by_code={"domain": 200, "overlap": 50}))
    assert re.findall(r'class="bar \w+" style="width:([\d.]+)%', page) == ["100.0", "25.0"]


def test_what_became_of_the_records_stands_beside_the_code() -> None:
    issues = [_issue("domain", 1, repaired="emptied"), _issue("outside_city", 2, rejected=True), _issue("overlap", 3)]
    page = _page(_report(by_code={"domain": 3, "outside_city": 2, "overlap": 1}, issues=issues))
    assert re.findall(r'class="tag (\w+)"', page) == ["repaired", "rejected", "noted"]


def test_why_a_file_was_not_published_is_no_note() -> None:
    issue = _issue("bad_source", row=None, at=None)
    report = _report(by_code={"bad_source": 1}, issues=[issue], worst=[issue], grid=None)
    assert set(re.findall(r'class="tag (\w+)"', _page(report, version={"state": "failed"}))) == {"rejected"}
    assert set(re.findall(r'class="tag (\w+)"', _page(report))) == {"noted"}


def test_several_faults_of_one_row_stand_together() -> None:
    worst = [
        _issue("domain", 5),
        _issue("overlap", 9),
        _issue("out_of_range", 5),
        _issue("division_gap", None, at=None),
    ]
    body = _page(_report(worst=worst)).split('<table class="worst">')[1]
    assert body.count("<tr>") == 1 + 3
    assert body.index("out_of_range") < body.index("overlap")


def test_what_is_left_out_is_counted() -> None:
    conflict: dict[str, Any] = {"object": 1, "attribute": "height_m", "why": "later"}
    conflict |= {"won": {"dataset": "a", "value": 1}, "lost": {"dataset": "b", "value": 2}}
    report = _report(issues=[_issue()], by_code={"domain": 1501}, issues_left_out=1500)
    text = _read(_page(report | {"conflicts": [conflict], "conflicts_in_all": 2000})).text
    assert "the first 1, and 1,500 more" in text
    assert "2,000 in all; 1,999 are not listed." in text


def test_conflicts_are_counted_by_kind_and_say_which_attribute_the_other_source_speaks_of() -> None:
    conflict: dict[str, Any] = {"object": 1, "attribute": "year", "why": "later", "code": "fused_year_outside_era"}
    conflict |= {"won": {"dataset": "a", "value": 2012}, "lost": {"dataset": "b", "value": "明"}, "against": "era"}
    counts = {"sources_differ_name": 7, "fused_year_outside_era": 1200}
    text = _read(_page(_report(conflicts=[conflict], conflicts_in_all=1207, conflicts_by_code=counts))).text
    assert "era 明b · 均保留 both kept" in text
    first, second = text.index("one source's year lies outside"), text.index("sources give different names")
    assert first < second
    assert "fused_year_outside_era1,200" in text
    assert "sources_differ_name7" in text


def test_marks_stand_where_their_issues_are() -> None:
    grid = {"extent": [112.5, 39.0, 114.5, 40.7], "columns": 1, "rows": 1, "accepted": [[9]], "rejected": [[0]]}
    issues = [_issue(at=[113.5, 39.85], row=5), _issue(at=[112.5, 40.7], rejected=True)]
    figure = draw(_report(issues=issues, grid=grid), EXTENT, None) or ""
    box = re.search(r'viewBox="0 0 (\d+) (\d+)"', figure)
    width, height = (int(n) for n in box.groups()) if box else (0, 0)
    found = {
        m[1]: (float(m[2]), float(m[3]))
        for m in re.finditer(r'mark (\w+)" transform="translate\(([\d.]+) ([\d.]+)', figure)
    }
    assert found["noted"] == pytest.approx((width / 2, height / 2), abs=1.0)
    assert found["rejected"][0] < 0.2 * width
    assert found["rejected"][1] < 0.2 * height
    assert "行 row 5: domain – said" in figure


def test_the_map_is_true_at_its_middle_whatever_the_shape_of_the_box() -> None:
    for box in (EXTENT, Box(113.0, 40.0, 113.5, 40.01), Box(113.0, 39.5, 113.01, 40.5), Box(113.3, 40.1, 113.3, 40.1)):
        shown: View = view(box)
        assert 0.6 <= shown.height / shown.width <= 0.9 + 1e-9
        across = shown.xy(box.west + 0.001, box.south)[0] - shown.xy(box.west, box.south)[0]
        up = shown.xy(box.west, box.south)[1] - shown.xy(box.west, box.south + 0.001)[1]
        latitude = (box.south + box.north) / 2
        assert across / up == pytest.approx(math.cos(math.radians(latitude)), rel=1e-6)
        assert 0 <= shown.xy(box.west, box.north)[0] <= shown.width


def test_a_point_at_the_null_island_does_not_shrink_the_city() -> None:
    issues = [_issue(at=[0.0, 0.0]), _issue(at=[113.3, 40.0])]
    figure = draw(_report(issues=issues, grid=None), EXTENT, None) or ""
    assert figure.count('class="mark noted" transform') == 1
    assert "1 more lie beyond this map." in figure


def test_cells_are_drawn_from_the_south() -> None:
    figure = draw(_report(), EXTENT, None) or ""
    cells = re.findall(r'class="good" x="([\d.]+)" y="([\d.]+)".*?opacity="([\d.]+)"', figure)
    south_west, north_east = ((float(x), float(y), float(deep)) for x, y, deep in cells)
    assert south_west[0] < north_east[0]
    assert south_west[1] > north_east[1]
    assert south_west[2] < north_east[2]


def test_nothing_with_a_place_is_said_in_words() -> None:
    assert draw(_report(grid=None), EXTENT, None) is None
    assert "Nothing in this report has a place." in _page(_report(grid=None))


def test_borders_are_drawn_without_the_points_that_nobody_sees() -> None:
    ring = [(113.0 + n * 1e-6, 39.5) for n in range(5000)] + [(114.0, 40.0), (113.0, 40.2), (113.0, 39.5)]
    figure = draw(_report(), EXTENT, [ring]) or ""
    assert 'class="edge"' in figure
    assert len(figure) < 10_000
