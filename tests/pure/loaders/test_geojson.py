"""The GeoJSON reader: records, columns, CRS, and what is mended or set aside of a feature that is not by the book."""

import json

import pytest
import shapely

from cim.errors import BadSource, MissingCrs
from loaders.sources import geojson
from tests.geojson_files import LAYOUTS, codes, damaged, encoded, feature, ids, joined, read


@pytest.mark.parametrize("layout", LAYOUTS)
def test_features_arrive_whole_in_every_layout(tmp_path, layout):
    features = [feature(i) for i in range(50)]
    (batch,) = read(tmp_path, joined(encoded(features, layout), layout))
    assert batch.crs == "EPSG:4326"
    assert list(batch.frame.index) == list(range(1, 51))
    assert batch.frame["name"].tolist() == [f["properties"]["name"] for f in features]
    for shape, one in zip(batch.frame.geometry, features, strict=True):
        assert shapely.equals_identical(shape, shapely.from_geojson(json.dumps(one["geometry"])))
    assert (batch.last_row, batch.done_bytes) == (50, batch.size_bytes)
    assert not batch.damaged
    assert not batch.issues


@pytest.mark.parametrize("after", [1, 2, 3, 7, 10, 11])
def test_reading_goes_on_behind_a_record_with_the_same_numbers(tmp_path, after):
    texts = encoded([feature(i) for i in range(11)], "lines")
    texts[2] = b"##"
    content = joined(texts, "lines")
    whole = read(tmp_path, content)
    rest = read(tmp_path, content, after)
    expected = [row for row in whole[0].frame.index if row > after]
    assert [row for b in rest for row in b.frame.index] == expected
    assert [r.row for r in damaged(rest)] == ([3] if after < 3 else [])
    assert all(list(b.frame.columns) == list(whole[0].frame.columns) for b in rest)


def test_batches_are_bounded_and_keep_the_columns_met_so_far(tmp_path, monkeypatch):
    monkeypatch.setattr(geojson, "BATCH_ROWS", 10)
    features = [feature(0), *({"type": "Feature", "properties": {"id": i}, "geometry": None} for i in range(1, 25))]
    batches = read(tmp_path, joined(encoded(features, "lines"), "lines"))
    assert [len(b.frame) for b in batches] == [10, 10, 5]
    assert [b.last_row for b in batches] == [10, 20, 25]
    assert batches[2].frame["name"].isna().all()


def one(geometry, **more):
    return {"type": "Feature", "properties": {"id": "a"}, "geometry": geometry, **more}


POINT = {"type": "Point", "coordinates": [113.3, 40.1]}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (None, "null_feature"),
        (5, "not_a_feature"),
        ({"type": "Thing"}, "not_a_feature"),
        (one("here"), "geometry_not_object"),
        (one({"coordinates": [1, 2]}), "geometry_type_missing"),
        (one({"type": "Blob", "coordinates": [1, 2]}), "geometry_type_unknown"),
        (one({"type": "Point"}), "coordinates_missing"),
        (one({"type": "Point", "coordinates": ["113", "40"]}), "coordinates_not_numbers"),
        (one({"type": "Point", "coordinates": [True, 40]}), "coordinates_not_numbers"),
        (one({"type": "Point", "coordinates": [113.0]}), "position_too_short"),
        (one({"type": "Polygon", "coordinates": [[113.0, 40.0], [113.1, 40.0]]}), "coordinates_depth"),
        (one({"type": "MultiPolygon", "coordinates": [5]}), "coordinates_depth"),
        (one({"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [1, 2]]]}), "ring_too_short"),
        (one({"type": "LineString", "coordinates": [[1, 2]]}), "line_too_short"),
        (one(POINT) | {"properties": [1]}, "properties_not_object"),
    ],
)
def test_a_feature_that_cannot_be_made_out_costs_no_other(tmp_path, bad, code):
    texts = encoded([feature(0), bad, feature(1)], "lines")
    batches = read(tmp_path, joined(texts, "lines"))
    assert ids(batches) == ["k0", "k1"]
    assert [(r.row, r.codes) for r in damaged(batches)] == [(2, (code,))]
    assert json.loads(damaged(batches)[0].content["raw"]) == bad


@pytest.mark.parametrize(
    ("odd", "code", "wkt"),
    [
        (
            one({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}),
            "ring_unclosed",
            "POLYGON ((0 0,1 0,1 1,0 0))",
        ),
        (one({"type": "point", "coordinates": [1, 2]}), "geometry_type_case", "POINT (1 2)"),
        (one({"type": "Point", "coordinates": [1, 2, 3, 4]}), "extra_dimensions", "POINT Z (1 2 3)"),
        (one({"type": "LineString", "coordinates": [[1, 2, 3], [4, 5]]}), "extra_dimensions", "LINESTRING (1 2,4 5)"),
        (one({"type": "GeometryCollection", "geometries": [POINT]}), "collection_single", "POINT (113.3 40.1)"),
        (one(POINT) | {"type": "feature"}, "feature_type", "POINT (113.3 40.1)"),
        (one(POINT, id={}) | {"properties": {}}, "id_type", "POINT (113.3 40.1)"),
        ({"type": "Feature", "geometry": POINT}, "properties_missing", "POINT (113.3 40.1)"),
    ],
)
def test_a_feature_that_can_be_mended_says_how(tmp_path, odd, code, wkt):
    (batch,) = read(tmp_path, joined(encoded([feature(0), odd], "lines"), "lines"))
    (issue,) = batch.issues
    assert (issue.row, issue.code) == (2, code)
    assert issue.repaired
    assert shapely.equals_identical(batch.frame.geometry[2], shapely.from_wkt(wkt))


def test_the_id_of_a_feature_is_its_column_unless_its_properties_have_one(tmp_path):
    features = [feature(0, id="other"), one(POINT, id=7) | {"properties": None}, one(POINT) | {"properties": {"x": 1}}]
    (batch,) = read(tmp_path, joined(encoded(features, "lines"), "lines"))
    assert batch.frame["id"].tolist() == ["k0", 7, None]


def test_text_that_no_store_can_hold_is_set_aside_under_its_own_code(tmp_path):
    texts = encoded([feature(i) for i in range(4)], "lines")
    texts[1] = texts[1].replace("楼".encode(), "大".encode("gbk"))
    texts[2] = texts[2].replace("楼".encode(), b"\\u0000")
    texts[3] = texts[3].replace("楼".encode(), b"\\\\u0000")
    batches = read(tmp_path, joined(texts, "lines"))
    assert ids(batches) == ["k0", "k3"]
    assert codes(batches) == ["encoding", "nul_character"]


def test_numbers_that_are_none_are_read_as_unknown(tmp_path):
    texts = [json.dumps(one(POINT) | {"properties": {"id": "a", "h": float("nan"), "v": [float("inf")]}}).encode()]
    (batch,) = read(tmp_path, joined(texts, "lines"))
    assert batch.frame["h"][1] is None
    assert batch.frame["v"][1] == [None]


def test_a_file_in_another_encoding_is_read_in_it(tmp_path):
    content = joined(encoded([feature(0)], "lines"), "lines").decode().encode("gbk")
    assert read(tmp_path, content, encoding="gbk")[0].frame["name"][1] == "楼“0”"
    with pytest.raises(BadSource, match=r"some\.geojson: encoding 'klingon' is not known"):
        read(tmp_path, content, encoding="klingon")


MEMBER = '"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}'
BODY = joined(encoded([feature(i) for i in range(3)], "lines"), "lines").decode()


@pytest.mark.parametrize(
    "content",
    [
        BODY.replace('"features"', MEMBER + ', "features"'),
        BODY.replace("]}\n", "], " + MEMBER + "}"),
        BODY.replace("]}\n", '], "bbox": [1, 2, 3, 4], ' + MEMBER + ', "name": "x"}'),
        json.dumps(feature(0))[:-1] + ", " + MEMBER + "}",
    ],
)
def test_the_older_crs_member_is_found_wherever_it_stands(tmp_path, content):
    (batch,) = read(tmp_path, content.encode(), crs=None)
    assert batch.crs == "EPSG:4547"
    with pytest.raises(BadSource, match=r"some\.geojson: the file says EPSG:4547, the city file says EPSG:32649"):
        read(tmp_path, content.encode(), crs="EPSG:32649")


def test_a_property_called_crs_is_no_statement(tmp_path):
    odd = one(POINT) | {"properties": {"crs": {"type": "name", "properties": {"name": "EPSG:4547"}}, "id": "a"}}
    with pytest.raises(MissingCrs, match=r"some\.geojson: states no CRS.*Likely: EPSG:4326"):
        read(tmp_path, joined(encoded([odd], "lines"), "lines"), crs=None)


def test_a_list_of_what_ends_needs_neither_places_nor_a_crs(tmp_path):
    gone = {"type": "Feature", "properties": {"id": "a"}, "geometry": None}
    (batch,) = read(tmp_path, joined(encoded([gone], "lines"), "lines"), crs=None, mode="terminate")
    assert batch.frame["id"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"a": 1}', "JSON, but no GeoJSON"),
        (b'{"type": "FeatureCollection", "features": []}', "no records; expected at least one"),
        (b'{"type": "FeatureCollection", "features": {}}', "without a list of `features`: it is an object"),
        (b"{", None),
    ],
)
def test_a_file_without_any_feature_says_what_it_is(tmp_path, content, says):
    if says is None:
        assert codes(read(tmp_path, content)) == ["not_json"]
    else:
        with pytest.raises(BadSource, match=r"some\.geojson: .*" + says):
            read(tmp_path, content)
