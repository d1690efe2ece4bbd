"""Target formats: what is written, readers of others find, record by record; what a format cannot hold, it tells."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.exports.batches import GEOMETRY
from cim.exports.targets import TABLES as TARGETS
from tests.sheets import COLUMNS, read, sheet, write

pytestmark = pytest.mark.long

_SQUARE = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (1, 3), (3, 3), (3, 1)]])
_MORE = shapely.MultiPolygon([_SQUARE, shapely.box(20.1, 0, 30.7, 5)])
_HIGH = shapely.from_wkt("LINESTRING Z (0 0 1040.5, 1 0.3333333333333333 1041, 5 5 1039.25)")
_FULL = {
    "text": "四牌楼 \"一\"\r\n号, '二'\n",
    "whole": -(2**53) - 1,
    "real": 0.1 + 0.2,
    "truth": True,
    "day": date(1406, 2, 28),
}
_FULL |= {"moment": datetime(2024, 2, 29, 23, 59, 59, 250_000, UTC), "fields_of_it": '{"深":[1,2.5,null,"\\"\\n"]}'}
_BARE = dict.fromkeys((c.name for c in COLUMNS), None)


def _records(*shapes):
    return [(_FULL if n % 2 == 0 else _BARE) | {GEOMETRY: shape} for n, shape in enumerate(shapes)]


def _numbered(records):
    return [record | {"whole": number} for number, record in enumerate(records)]


def assert_found(found, records, lost, *, blank=""):
    """What was found is what was written, but for the values of which it was told that they are lost."""
    gone = {(loss.row, loss.column) for loss in lost}
    assert len(found) == len(records)
    if all(record["whole"] in range(len(records)) for record in records):  # FlatGeobuf orders them its own way
        found = sorted(found, key=lambda row: row["whole"])
    for number, (row, record) in enumerate(zip(found, records, strict=True), start=1):
        for column in COLUMNS:
            if (number, column.name) in gone:
                continue
            value, expected = row[column.name], record[column.name]
            if column.kind == "json" and value is not None:
                value, expected = json.loads(value), json.loads(expected)
            if blank is None and expected == "":
                expected = None
            assert value == expected, (number, column.name)
        assert _plain(row[GEOMETRY]) == _plain(record[GEOMETRY]), number


def _plain(shape):
    return None if shape is None else shapely.to_wkt(shapely.normalize(shape), rounding_precision=-1)


@pytest.mark.parametrize("format", TARGETS)
@pytest.mark.parametrize(
    "shapes",
    [
        (_SQUARE, _SQUARE, _SQUARE),
        (_SQUARE, _MORE, _SQUARE),
        (_HIGH, _HIGH),
        (shapely.Point(1, 2.7), shapely.Point(3, 4)),
    ]
    + [(shapely.Point(1, 2, 3), shapely.Point(4, 5, 6)), (shapely.MultiPoint([(1, 2), (3, 4)]),), (None, None, None)],
    ids=lambda shapes: "-".join(dict.fromkeys("none" if s is None else s.geom_type + "Z" * s.has_z for s in shapes)),
)
def test_readers_of_others_find_what_was_written(tmp_path, format, shapes):
    records = _records(*shapes)
    if format == "fgb":
        records = _numbered(records)
    path, lost = write(records, format, tmp_path)
    assert_found(read(path, TARGETS[format].encodings[0]), records, lost)
    assert lost == []


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_MOMENTS = st.integers(-(2**51), 2**52).map(lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
_JSON = st.dictionaries(_TEXT, st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXT | st.lists(_TEXT))
_RECORD = st.fixed_dictionaries(
    {
        "text": st.none() | _TEXT,
        "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
        "real": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "moment": st.none() | _MOMENTS,
        "day": st.none() | st.dates(date(1900, 1, 1), date(2199, 1, 1)),
        "truth": st.none() | st.booleans(),
        "fields_of_it": st.none() | _JSON.map(lambda value: json.dumps(value, ensure_ascii=False)),
        GEOMETRY: st.tuples(st.floats(-1e6, 1e7), st.floats(-1e6, 1e7)).map(shapely.Point),
    }
)


@pytest.mark.parametrize(("format", "encoding"), [(n, e) for n, t in TARGETS.items() for e in t.encodings])
@given(records=st.lists(_RECORD, min_size=1, max_size=5))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_record_comes_back_or_is_told_to_be_lost(tmp_path_factory, format, encoding, records):
    if format == "fgb":
        records = _numbered(records)
    path, lost = write(records, format, tmp_path_factory.mktemp("any"), encoding=encoding)
    blank = None if format == "csv" else ""  # Python's reader does not tell an empty text from none
    assert_found(read(path, encoding), records, lost, blank=blank)


def test_text_that_does_not_fit_is_cut_between_characters_and_kept_whole_beside(tmp_path):
    long = "很" * 127 + "长"
    records = [_BARE | {"text": long, GEOMETRY: _SQUARE}, _BARE | {"text": long[:127], GEOMETRY: _SQUARE}]
    path, (lost,) = write(records, "shp", tmp_path)
    assert (lost.row, lost.column, lost.code, lost.value) == (1, "text", "cut", long)
    assert [row["text"] for row in read(path)] == [long[:127], long[:127]]
    path, lost = write(records, "shp", tmp_path, encoding="utf-8")
    assert [row["text"] for row in read(path)] == [long[:84], long[:84]]
    assert len(lost) == 2


@pytest.mark.parametrize("format", ["csv", "shp"])
def test_a_character_that_gbk_does_not_know_is_told(tmp_path, format):
    path, (lost,) = write([_BARE | {"text": "𠮷家", GEOMETRY: _SQUARE}], format, tmp_path, encoding="gbk")
    assert (lost.code, lost.column, lost.value) == ("not_encodable", "text", "𠮷家")
    assert read(path, "gbk")[0]["text"] == "?家"


def test_in_csv_an_empty_text_is_two_quotes_and_unknown_is_nothing(tmp_path):
    path, _ = write([_BARE | {"text": "", GEOMETRY: shapely.Point(1, 2)}, _BARE | {GEOMETRY: None}], "csv", tmp_path)
    assert path.read_bytes().split(b"\n")[1:] == [b'"",,,,,,,1,2', b",,,,,,,,", b""]


@pytest.mark.parametrize("format", ["gpkg", "fgb"])
def test_a_time_between_two_milliseconds_is_told(tmp_path, format):
    moment = datetime(2024, 1, 1, 0, 0, 0, 1_001, UTC)
    path, (lost,) = write([_BARE | {"moment": moment, GEOMETRY: _SQUARE}], format, tmp_path)
    assert (lost.code, lost.value) == ("rounded", moment)
    assert abs(read(path)[0]["moment"] - moment) < timedelta(milliseconds=1)


def test_a_shapefile_of_more_than_two_gigabytes_is_refused_before_it_is_written(tmp_path):
    few = sheet(_records(_SQUARE), "shp")

    with pytest.raises(BadInput, match=r"holds 2 GB in a file, and this would be .* GB"):
        TARGETS["shp"].write(replace(few, records=100_000_000), iter(()), str(tmp_path / "out.shp"), lambda loss: None)
    assert list(tmp_path.iterdir()) == []


def test_a_frame_without_a_code_is_never_called_another_one(tmp_path):
    for format in TARGETS:
        path, _ = write(_records(shapely.Point(113, 40)), format, tmp_path, crs="GCJ-02")
        assert b"4326" not in path.read_bytes() or format == "gpkg"  # whose list of frames always has it
    assert not (tmp_path / "out.prj").exists()


def test_a_flatgeobuf_of_lines_with_and_without_heights_loses_none(tmp_path):
    flat = shapely.force_2d(_HIGH)
    several = shapely.MultiLineString([_HIGH, shapely.from_wkt("LINESTRING Z (9 9 1, 8 8 2)")])
    path, lost = write(_numbered(_records(_HIGH, flat, several)), "fgb", tmp_path)
    found = {row["whole"]: row[GEOMETRY] for row in read(path)}
    assert lost == []
    assert shapely.get_parts(found[0]).tolist() == [_HIGH]
    assert found[2] == several
    assert shapely.get_coordinates(found[1]).tolist() == shapely.get_coordinates(flat).tolist()
    assert np.isnan(shapely.get_coordinates(found[1], include_z=True)[:, 2]).all()
