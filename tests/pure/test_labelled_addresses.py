"""The labelled addresses: every row keeps to docs/addresses.md and to the table of divisions."""

import csv
import hashlib
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "addresses"
COLUMNS = [
    "id",
    "text",
    "division",
    "province",
    "city",
    "county",
    "town",
    "community",
    "group",
    "grid",
    "street",
    "number",
    "quarter",
    "building",
    "unit",
    "floor",
    "room",
    "name",
    "rest",
    "kind",
]
LEVELS = {"city": "city", "county": "county", "township": "town", "village": "community"}
NONE = "无"

# What a numbered part may hold: digits, with letters or the signs that docs/addresses.md allows; never its own word.
_COUNT = r"[甲乙丙丁东西南北A-Z]?\d+[A-Z]?"
_SERIES = rf"{_COUNT}(~{_COUNT})?(、{_COUNT}(~{_COUNT})?)*"
SHAPES = {
    "group": r"\d+",
    "grid": r"\d+",
    "number": r"[甲乙丙丁]?\d+(之\d+|附\d+|-\d+|~\d+|(、\d+)+|[甲乙丙丁])?",
    "building": rf"{_SERIES}|[A-Z](、[A-Z])*",
    "unit": rf"{_SERIES}|[A-Z甲乙丙丁]",
    "floor": r"-?\d+(~\d+)?",
    "room": rf"{_SERIES}|[东中西]",
}


def _rows() -> list[dict[str, str]]:
    rows = []
    for path in sorted(FOLDER.glob("*.tsv")):
        text = path.read_text(encoding="utf-8")
        assert "\r" not in text
        assert '"' not in text
        assert text.split("\n", 1)[0].split("\t") == COLUMNS
        assert {line.count("\t") for line in text.splitlines()} == {len(COLUMNS) - 1}
        rows += list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows
    return rows


def _units(shared: Path) -> dict[str, dict[str, str]]:
    with (shared / "admin" / "datong_divisions.csv").open(encoding="utf-8") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def _standard(unit: dict[str, str]) -> str:
    if unit["level"] != "village":
        return unit["name"]
    stem, word = re.findall("^(.+?)(居民委员会|居委会|村民委员会|村委会|)$", unit["name"])[0]
    ends = stem.endswith(("社区", "村"))
    return stem if ends else stem + ("村" if word.startswith("村") else "社区")


def test_ids_and_texts_are_given_once() -> None:
    rows = _rows()
    for column in ("id", "text"):
        assert [value for value, times in Counter(row[column] for row in rows).items() if times > 1] == []
    assert all(re.fullmatch(r"a\d{3}", row["id"]) and row["kind"] for row in rows)


def test_the_open_half_is_the_one_that_was_frozen() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256((FOLDER / "open.tsv").read_bytes()).hexdigest() in told


def test_cells_are_trimmed_and_numbered_parts_hold_no_word() -> None:
    for row in _rows():
        assert all(value == value.strip() for value in row.values()), row
        for part, shape in SHAPES.items():
            assert row[part] in ("", NONE) or re.fullmatch(shape, row[part]), (part, row)


def test_names_and_the_rest_stand_in_the_text() -> None:
    for row in _rows():
        text = re.sub(r"\s", "", unicodedata.normalize("NFKC", row["text"]).upper())
        pieces = [row["street"], row["quarter"], row["name"], *row["rest"].split(" ")]
        assert all(piece in text for piece in pieces if piece != NONE), row


def test_every_part_that_does_not_exist_is_told_so_in_the_text() -> None:
    for row in _rows():
        absent = [column for column in COLUMNS if row[column] == NONE]
        assert not absent or re.search("无|没有", row["text"]), row


def test_levels_above_a_unit_are_filled_from_the_table(shared: Path) -> None:
    units = _units(shared)
    for row in _rows():
        expected = dict.fromkeys(LEVELS.values(), "")
        code = row["division"]
        while code in units:
            expected[LEVELS[units[code]["level"]]] = _standard(units[code])
            code = units[code]["parent_code"]
        told = {level: row[level].replace(NONE, "") for level in expected}
        assert told == expected, row
        assert row["province"] == ("山西省" if row["division"] else ""), row


def test_a_community_is_unique_in_the_city_or_under_a_unit_that_is_written(shared: Path) -> None:
    units = _units(shared)
    bearers: dict[str, list[str]] = {}
    for code, unit in units.items():
        bearers.setdefault(_standard(unit), []).append(code)
    for row in _rows():
        if row["community"] in ("", NONE) or len(bearers[row["community"]]) == 1:
            continue
        written = [level for level in ("town", "county") if _is_written(row[level], row["text"])]
        others = [_above(code, units) for code in bearers[row["community"]] if code != row["division"]]
        assert any(all(row[level] not in above for above in others) for level in written), row


def _is_written(name: str, text: str) -> bool:
    stem = re.sub("(街道|[区县镇乡])$", "", name)
    return stem in text or (name == "云州区" and "大同县" in text)


def _above(code: str, units: dict[str, dict[str, str]]) -> set[str]:
    above = set()
    while (code := units[code]["parent_code"]) in units:
        above.add(_standard(units[code]))
    return above


@pytest.mark.parametrize("name", ["古城村", "永安社区", "智家堡村", "南关村", "和平里社区"])
def test_a_name_that_fits_several_units_fills_none(shared: Path, name: str) -> None:
    fitting = [unit for unit in _units(shared).values() if _standard(unit) == name]
    assert len(fitting) > 1
    for row in _rows():
        if row["name"] == name:
            assert row["community"] == ""
