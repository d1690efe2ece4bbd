"""The XLSX reader: what openpyxl writes and what offices do to their sheets, row by row; a wrong cell costs no other."""

import datetime
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.errors import BadSource, MissingCrs
from cim.plugins import Source
from loaders.sources import workbook

pytestmark = pytest.mark.long

HEADER = ["id", "name", "lon", "lat"]


def write(path: Path, sheets, hidden=(), merged=()) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for block in merged:
            sheet.merge_cells(block)
    book.save(path)
    return path


def read(path, after=0, layer="landmarks", **stated):
    return list(workbook.XLSX.read(Source(str(path), layer, **{"crs": "EPSG:4326", **stated}), after))


def notes(batches):
    return [(i.code, i.row) for b in batches for i in b.issues]


def line(i):
    return [f"k{i}", f"鼓楼{i}", 113.28 + i / 1000, 40.09]


def test_values_and_places_come_as_they_show_and_rows_have_the_sheet_s_numbers(tmp_path):
    day, moment = datetime.date(2024, 5, 1), datetime.datetime.fromisoformat("2024-05-01T08:30:00")
    lines = [[*HEADER, "day", "moment", "whole", "real", "yes"], [*line(1), day, moment, 7, 0.5, True], [], line(4)]
    (batch,) = read(write(tmp_path / "a.xlsx", {"点": lines}))
    assert batch.frame.index.tolist() == [2, 4]
    first = batch.frame.loc[2]
    assert [first[c] for c in ("id", "name", "day", "moment", "whole", "real", "yes")] == [
        "k1", "鼓楼1", "2024-05-01", "2024-05-01T08:30:00", 7, 0.5, True,
    ]  # fmt: skip
    assert first.geometry == shapely.Point(113.281, 40.09)
    assert (batch.crs, batch.last_row, batch.issues, batch.damaged) == ("EPSG:4326", 4, (), ())


def test_titles_above_the_header_are_told_and_a_header_of_two_rows_is_read(tmp_path):
    lines = [["大同市地标一览表"], ["2024年5月"], ["编号", "名称", "位置", None], [None, None, "经度", "纬度"], line(1)]
    path = write(tmp_path / "a.xlsx", {"点": lines}, merged=["A1:D1", "C3:D3", "A3:A4", "B3:B4"])
    batches = read(path, columns={"id": "编号", "name": "名称", "lon": "经度", "lat": "纬度"})
    assert batches[0].frame.index.tolist() == [5]
    assert batches[0].frame["名称"].tolist() == ["鼓楼1"]
    assert ("header_row", None) in notes(batches)
    assert read(path, layer="division_codes", crs=None)[0].frame["编号"].tolist() == ["k1"]


def test_merged_cells_below_the_header_are_filled_and_told(tmp_path):
    lines = [HEADER, line(1), ["k2", None, 113.3, 40.1], ["k3", None, 113.3, 40.1], line(4)]
    batches = read(write(tmp_path / "a.xlsx", {"点": lines}, merged=["B2:B4"]))
    assert batches[0].frame["name"].tolist() == ["鼓楼1", "鼓楼1", "鼓楼1", "鼓楼4"]
    assert notes(batches) == [("merged_cells", 3), ("merged_cells", 4)]


def test_errors_formulas_without_results_and_numbers_as_text(tmp_path):
    lines = [
        [*HEADER, "height_m"],
        [*line(1), "=D2*2"],
        [*line(2), "12.5"],
        [*line(3), None],
        ["k4", "x", "113.3", " 40.1 "],
    ]
    path = write(tmp_path / "a.xlsx", {"点": lines})
    edit(path, "xl/worksheets/sheet1.xml", '<c r="D4"', '<c r="E4" t="e"><v>#DIV/0!</v></c><c r="D4"')
    batches = read(path)
    assert batches[0].frame["height_m"].tolist() == [None, "12.5", None, None]
    assert notes(batches) == [("formula_uncalculated", 2), ("cell_error", 4)]
    assert batches[0].frame.geometry.loc[5] == shapely.Point(113.3, 40.1)


def edit(path: Path, part: str, old: str, new: str) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[part], parts[part][:2000]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_cell_that_is_not_of_its_kind_costs_its_row_alone(tmp_path):
    path = write(tmp_path / "a.xlsx", {"点": [HEADER, *(line(i) for i in range(6))]})
    edit(path, "xl/worksheets/sheet1.xml", '<c r="C4" t="n"><v>', '<c r="C4" t="n"><v>x')
    edit(path, "xl/worksheets/sheet1.xml", '<c r="A6" t="inlineStr">', '<c r="A6" t="s"><v>99</v></c><c r="A6" t="b">')
    (batch,) = read(path)
    assert batch.frame.index.tolist() == [2, 3, 5, 7]
    assert [(r.row, r.codes) for r in batch.damaged] == [(4, ("cell_unreadable",)), (6, ("cell_unreadable",))]
    assert "鼓楼4" in batch.damaged[1].content["raw"]


def test_hidden_and_empty_sheets_are_passed_over_and_two_that_hold_something_are_not_guessed_between(tmp_path):
    sheets = {"说明": [], "点": [HEADER, line(1)], "旧": [HEADER, line(2)]}
    path = write(tmp_path / "a.xlsx", sheets, hidden=["旧"])
    assert workbook.XLSX.tables(path) == ["点"]
    assert notes(read(path)) == [("sheet_hidden", None)]
    assert read(path, table="旧")[0].frame["id"].tolist() == ["k2"]
    both = write(tmp_path / "b.xlsx", sheets)
    with pytest.raises(BadSource, match=r"2 sheets \(点, 旧\); expected one: say which with `table`"):
        read(both)
    with pytest.raises(BadSource, match="no sheet '无'; it has 说明, 点, 旧"):
        read(both, table="无")


def test_degrees_minutes_and_seconds_are_read_and_told(tmp_path):
    lines = [HEADER, ["a", "x", "113°17′18″E", "40°05'24\""], ["b", "y", "113度17分18秒", "113,5"]]
    (batch,) = read(write(tmp_path / "a.xlsx", {"点": lines}))
    assert np.allclose(shapely.get_coordinates(batch.frame.geometry[2]), [[113 + 17 / 60 + 18 / 3600, 40.09]])
    assert batch.frame.geometry[3] is None
    assert [(i.code, i.row) for i in batch.issues] == [("degrees_minutes_seconds", None)]


def test_values_under_no_heading_are_told(tmp_path):
    (batch,) = read(write(tmp_path / "a.xlsx", {"点": [HEADER, [*line(1), None, "复核"], line(2)]}))
    assert [(i.code, i.row, "复核" in i.message) for i in batch.issues] == [("cell_beyond_header", 2, True)]


def test_it_goes_on_behind_a_record_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "BATCH_ROWS", 10)
    path = write(tmp_path / "a.xlsx", {"点": [["标题"], HEADER, *(line(i) for i in range(50))]})
    whole = [n for b in read(path) for n in b.frame.index]
    assert whole == list(range(3, 53))
    assert [b.last_row for b in read(path)] == [12, 22, 32, 42, 52]
    assert [n for b in read(path, after=22) for n in b.frame.index] == whole[20:]
    assert notes(read(path, after=22)) == []


def test_without_a_crs_or_the_columns_of_coordinates_it_is_refused(tmp_path):
    path = write(tmp_path / "a.xlsx", {"点": [["id", "经度", "纬度"], ["a", 113.3, 40.1]]})
    with pytest.raises(BadSource, match="no column 'lon'; the header in row 1 has id, 经度, 纬度"):
        read(path)
    with pytest.raises(MissingCrs, match="GCJ-02"):
        read(path, crs=None, columns={"lon": "经度", "lat": "纬度"})


def cell(kind: str, content: str) -> str:
    inner = f"<x:is>{content}</x:is>" if kind == "inlineStr" else content
    return f"<x:c t='{kind}'>{inner}</x:c>"


SPOKEN = "<x:r><x:t>i</x:t></x:r><x:r><x:t>d</x:t></x:r><x:rPh><x:t>spoken</x:t></x:rPh>"
SHEET = "".join([
    '<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData><x:row>',
    *(cell("inlineStr", SPOKEN), cell("s", "<x:v>0</x:v>"), cell("s", "<x:v>1</x:v>"), "</x:row><x:row>"),
    *(cell("str", "<x:f>A1</x:f><x:v>a_x000A_b</x:v>"), cell("n", "<x:v>113.3</x:v>"), cell("n", "<x:v>4.01E1</x:v>")),
    "</x:row></x:sheetData></x:worksheet>",
])  # fmt: skip


def bare(path: Path, sheet: str) -> Path:
    """A workbook by hand, as small as it may be; with the names of the strict kind."""
    kind = "http://purl.oclc.org/ooxml/officeDocument/relationships"
    names = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        link = '<Relationships {}><Relationship Id="r1" Type="{}/{}" Target="{}"/></Relationships>'
        archive.writestr("_rels/.rels", link.format(names, kind, "officeDocument", "xl/workbook.xml"))
        both = link.format(names, kind, "worksheet", "/xl/s.xml").replace(
            "</Relationships>", f'<Relationship Id="r2" Type="{kind}/sharedStrings" Target="t.xml"/></Relationships>'
        )
        archive.writestr("xl/_rels/workbook.xml.rels", both)
        archive.writestr(
            "xl/t.xml", "<sst><si><r><t>lo</t></r><r><t>n</t></r><rPh><t>x</t></rPh></si><si><t>lat</t></si></sst>"
        )
        sheets = f'<workbook xmlns:r="{kind}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
        archive.writestr("xl/workbook.xml", sheets)
        archive.writestr("xl/s.xml", sheet)
    return path


def test_the_strict_kind_with_prefixes_and_without_cell_names_is_read(tmp_path):
    (batch,) = read(bare(tmp_path / "a.xlsx", SHEET))
    assert batch.frame["id"].tolist() == ["a\nb"]
    assert batch.frame.geometry[2] == shapely.Point(113.3, 40.1)


@pytest.mark.long
def test_a_million_empty_rows_are_no_records(tmp_path):
    empty = "".join(f'<x:row r="{i}"/>' for i in range(3, 1_000_000))
    (batch,) = read(bare(tmp_path / "a.xlsx", SHEET.replace("</x:sheetData>", empty + "</x:sheetData>")))
    assert len(batch.frame) == 1


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<x:worksheet", '<!DOCTYPE a [<!ENTITY b "c">]><x:worksheet', "a document type"),
        ("</x:sheetData></x:worksheet>", "", "unreadable behind row 2"),
        ("<x:row><x:c t='str'>", "<x:row r='1048577'><x:c t='str'>", "1,048,576 at most"),
        ("</x:sheetData>", "</x:sheetData>" + '<x:mergeCell ref="A2:XFD9"/>' * 2, "merged blocks that overlap"),
    ],
)
def test_what_no_workbook_has_is_one_sentence(tmp_path, old, new, why):
    with pytest.raises(BadSource, match=why):
        read(bare(tmp_path / "a.xlsx", SHEET.replace(old, new)))


@pytest.mark.long
def test_a_bomb_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.xlsx"
    bare(path, SHEET)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/more.xml", "w") as part:
        for _ in range(101):
            part.write(bytes(1 << 20))
    with pytest.raises(BadSource, match="no workbook does"):
        read(path)


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.one_of(
    st.none(), st.integers(-10**14, 10**14), st.floats(allow_nan=False, allow_infinity=False), st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=9),
    st.datetimes(*map(datetime.datetime.fromisoformat, ("1900-03-01", "9999-12-30"))).map(
        lambda t: t.replace(microsecond=0)
    ),
), min_size=4, max_size=4), max_size=12))  # fmt: skip
def test_what_openpyxl_writes_is_what_it_reads_itself(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("book") / "a.xlsx"
    write(path, {"S": [["a", "b", "c", "d"], *lines, ["last", 1, 2, 3]]})
    (batch,) = read(path, layer="division_codes", crs=None, columns={"code": "a"})
    theirs = openpyxl.load_workbook(path, data_only=True)["S"]
    for number in batch.frame.index:
        for name, cell in zip("abcd", theirs[number], strict=True):
            ours = batch.frame[name].loc[number]
            assert same(ours, cell.value), (number, name, ours, cell.value)


def same(ours, theirs) -> bool:
    if theirs is None or (isinstance(theirs, str) and (theirs.startswith("=") or not theirs.strip())):
        return ours is None
    if isinstance(theirs, datetime.datetime):
        return abs(datetime.datetime.fromisoformat(str(ours)) - theirs) <= datetime.timedelta(seconds=1)
    if isinstance(theirs, str):
        return str(ours) == theirs.strip()
    return ours == theirs or np.isclose(float(ours), float(theirs), rtol=1e-12)
