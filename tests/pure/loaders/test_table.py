"""The CSV reader: fields as they stand, damaged lines one by one, and no line lost to the one before it."""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.errors import BadInput, BadSource, MissingCrs
from cim.plugins import Source
from loaders.recognising import encodings
from loaders.sources import table

HEADER = "id,name,lon,lat"


def line(i):
    return f"k{i},鼓楼{i},{113.28 + i / 1000},40.09"


def read(tmp_path, content, after=0, layer="landmarks", **stated):
    path = tmp_path / "some.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(table.CSV.read(Source(str(path), layer, **{"crs": "EPSG:4326", **stated}), after))


def text(lines):
    return "\n".join([HEADER, *lines]) + "\n"


def found(batches):
    return [(r.row, r.codes[0]) for b in batches for r in b.damaged]


def ids(batches):
    return [v for b in batches for v in b.frame["id"]]


def test_fields_stay_text_and_points_stand_where_the_columns_say(tmp_path):
    (batch,) = read(tmp_path, "\ufeff" + HEADER + '\r\n007,"a ""b"", c\nd",113.5,40.25\r\n\r\n2,,x,40\r\n')
    assert batch.frame["id"].tolist() == ["007", "2"]
    assert batch.frame["name"].tolist() == ['a "b", c\nd', ""]
    assert batch.frame.geometry[1] == shapely.Point(113.5, 40.25)
    assert batch.frame.geometry[2] is None
    assert (batch.crs, batch.last_row, batch.damaged) == ("EPSG:4326", 2, ())


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"k9,a,1", "field_count"),
        (b"k9,a,1,2,3", "field_count"),
        (b"k9,a\0b,1,2", "nul_character"),
        (b"k9,\xb4\xf3,1,2", "encoding"),
        (b'k9,"abc,113,40', "not_csv"),
        (b"k9," + b"x" * 140_000 + b",1,2", "field_too_long"),
    ],
)
def test_a_line_that_is_no_record_costs_no_other(tmp_path, bad, code):
    lines = [line(i).encode() for i in range(60)]
    lines[30] = bad
    lines[40] = 'k40,"鼓楼",113.3,40.09'.encode()  # its quotes would close one left open before
    batches = read(tmp_path, b"\n".join([HEADER.encode(), *lines]))
    assert found(batches) == [(31, code)]
    assert ids(batches) == [f"k{i}" for i in range(60) if i != 30]
    (rejected,) = batches[0].damaged
    assert rejected.content["raw"].startswith("k9,")
    if code == "encoding":
        assert rejected.content["raw"] == "k9,\\xb4\\xf3,1,2"


def test_stray_quotes_within_a_field_are_read(tmp_path):
    batches = read(tmp_path, text([line(0), 'k1,"the "old" gate",113.3,40.1', 'k2,5" pipe,113.3,40.1', line(3)]))
    assert ids(batches) == ["k0", "k1", "k2", "k3"]
    assert not found(batches)


def test_few_undecodable_rows_are_set_aside_and_many_are_a_wrong_encoding(tmp_path):
    lines = [line(i).encode() for i in range(100)]
    for i in range(5):
        lines[10 * i] = line(i).encode("gbk")
    assert len(found(read(tmp_path, b"\n".join([HEADER.encode(), *lines])))) == 5
    lines[60] = line(60).encode("gbk")
    with pytest.raises(BadSource, match=r"some\.csv: 6 of the first 100 records, the first in row 1, are not utf-8"):
        read(tmp_path, b"\n".join([HEADER.encode(), *lines]))


def test_a_wrong_encoding_is_refused_with_the_likely_one(tmp_path):
    with pytest.raises(BadSource, match=r"the whole file does decode as gb18030: state `encoding`"):
        read(tmp_path, text(line(i) for i in range(9)).encode("gbk"))
    with pytest.raises(BadSource, match=r"some\.csv line 1: not utf-8.*gb18030"):
        read(tmp_path, "编号,lon,lat\n一,113.3,40.1\n".encode("gbk"))
    with pytest.raises(BadSource, match=r"encoding 'klingon' is not known; expected one such as"):
        read(tmp_path, text([line(1)]), encoding="klingon")
    (batch,) = read(tmp_path, text([line(1)]).encode("utf-16"), encoding="utf-16")
    assert batch.frame["name"].tolist() == ["鼓楼1"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEADER + "\n", "a header but no records"),
        ("x,y\n1,2\n", "no column 'lon'; the header has x, y"),
        ("id,id,lon,lat\n1,2,3,4\n", "two columns named 'id'"),
    ],
)
def test_a_file_that_is_no_table_of_points_says_why(tmp_path, content, says):
    with pytest.raises(BadSource, match=r"some\.csv: " + says):
        read(tmp_path, content)


def test_the_crs_must_be_stated_and_the_likely_ones_are_named(tmp_path):
    with pytest.raises(MissingCrs, match=r"some\.csv: states no CRS.* or say --crs\..*EPSG:4326.*GCJ-02"):
        read(tmp_path, text([line(1)]), crs=None)
    with pytest.raises(MissingCrs, match=r"Likely: EPSG:4547"):
        read(tmp_path, text(["k,a,440000,4440000"]), crs=None)


def test_a_list_of_what_ends_needs_no_coordinates_and_no_crs(tmp_path):
    (batch,) = read(tmp_path, "id\nk1\nk2\n", crs=None, mode="terminate")
    assert batch.frame["id"].tolist() == ["k1", "k2"]
    assert batch.frame.geometry.isna().all()


@pytest.mark.parametrize("after", [1, 9, 10, 11, 25])
def test_reading_goes_on_behind_a_record_with_the_same_numbers(tmp_path, monkeypatch, after):
    monkeypatch.setattr(table, "BATCH_ROWS", 10)
    lines = [line(i) for i in range(26)]
    lines[12] = "broken"
    rest = read(tmp_path, text(lines), after)
    assert ids(rest) == [f"k{i}" for i in range(after, 26) if i != 12]
    assert [row for b in rest for row in b.frame.index] == [i + 1 for i in range(after, 26) if i != 12]
    assert found(rest) == ([(13, "field_count")] if after < 13 else [])
    assert rest[-1].last_row == 26


@pytest.mark.long
@settings(max_examples=80, deadline=None)
@given(
    junk=st.lists(st.binary(max_size=30) | st.text('",\n\r x\0', max_size=9).map(str.encode), min_size=3, max_size=3)
)
def test_whole_lines_survive_whatever_stands_between_them(tmp_path_factory, junk):
    good = [line(i).encode() for i in range(300)]
    content = [HEADER.encode(), *good[:3]]
    for i, piece in enumerate(junk, start=1):
        content += [piece, *good[3 * i : 3 * i + 3]]
    content += good[12:]
    try:
        batches = read(tmp_path_factory.mktemp("any"), b"\n".join(content))
    except BadInput as error:
        assert "some.csv" in str(error)
    else:
        whole = [v for v in ids(batches) if v in {f"k{i}" for i in range(300)}]
        assert whole == [f"k{i}" for i in range(300)]


@pytest.mark.parametrize(("sign", "note"), [(";", ["separator"]), ("\t", ["separator"]), (",", [])])
def test_other_separators_are_found_in_the_header_and_told(tmp_path, sign, note):
    content = "\n".join(
        [sign.join(HEADER.split(",")), sign.join(["a", "x, y; z" if sign == "\t" else "x", "113.5", "40"])]
    )
    (batch,) = read(tmp_path, content)
    assert batch.frame["id"].tolist() == ["a"]
    assert batch.frame.geometry[1] == shapely.Point(113.5, 40)
    assert [issue.code for issue in batch.issues] == note


def test_a_decimal_comma_is_no_number_and_degrees_with_minutes_are(tmp_path):
    (batch,) = read(tmp_path, "id;lon;lat\na;113,5;40,1\nb;113°30\u203212\u2033;北纬40度6分\n")
    assert batch.frame.geometry[1] is None
    assert shapely.get_coordinates(batch.frame.geometry[2]).round(9).tolist() == [[113.503333333, 40.1]]
    assert [issue.code for issue in batch.issues] == ["separator", "degrees_minutes_seconds"]


@pytest.mark.long
def test_a_stray_quote_far_down_costs_its_row_alone(tmp_path):
    lines = [line(i) for i in range(100_000)]
    lines[89_999] = 'k89999,"鼓楼,113.28,40.09'
    batches = read(tmp_path, text(lines))
    assert found(batches) == [(90_000, "not_csv")]
    assert sum(len(b.frame) for b in batches) == 99_999


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("地标".encode(), "utf-8"),
        ("\ufeff地标".encode(), "utf-8-sig"),
        ("地标".encode("gbk"), "gb18030"),
        ("地标".encode("utf-16"), "utf-16"),
        (b"plain", "utf-8"),
        ("\n".join(["大同"] * 60).encode() + b"\n\xff\xfe", "utf-8"),
        (b"\xff\xff\x80", None),
    ],
)
def test_the_encoding_of_a_file_shows_in_its_bytes(tmp_path, content, encoding):
    (tmp_path / "a.csv").write_bytes(content)
    found, why = encodings.encoding_of(tmp_path / "a.csv")
    assert found == encoding
    assert why
