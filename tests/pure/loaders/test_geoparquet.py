"""The GeoParquet reader: both encodings, every kind of column, and CRSs that are said, unsaid and denied."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from cim.errors import BadSource, MissingCrs
from cim.plugins import Source
from loaders.sources import geoparquet
from loaders.sources.geoparquet import GEOPARQUET
from tests.vector_files import footprints

pytestmark = pytest.mark.long


def read(path, after=0, **stated):
    return list(GEOPARQUET.read(Source(str(path), "buildings", **stated), after))


def joined(batches):
    return pd.concat([b.frame for b in batches])


def with_metadata(path, change, table=None):
    """Write the table again with its `geo` metadata changed."""
    table = pq.read_table(path) if table is None else table
    told = json.loads(pq.read_schema(path).metadata[b"geo"])
    change(told)
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(told).encode()}), path)
    return path


def written(path, shapes, encoding="WKB", **columns):
    gpd.GeoDataFrame({"id": range(len(shapes)), **columns}, geometry=shapes, crs="EPSG:4547").to_parquet(
        path, geometry_encoding=encoding
    )
    return path


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize(
    "shapes",
    [
        [shapely.MultiPolygon([s]) if s.geom_type == "Polygon" else s for s in footprints().geometry],
        [shapely.box(i, 0, i + 1, 1) if i % 3 else None for i in range(9)],
        [shapely.force_3d(shapely.box(i, 0, i + 1, 1), 7.5) for i in range(9)],
        [shapely.Point(i, 2) if i % 3 else None for i in range(5)],
        [shapely.LineString([(i, 0), (i, 1), (i, 2)]) for i in range(5)],
        [shapely.MultiLineString([[(i, 0), (i, 1)], [(i, 5), (i, 6)]]) for i in range(5)],
        [shapely.MultiPoint([(i, 0), (i, 1)]) for i in range(5)],
    ],
)
def test_geometries_arrive_as_geopandas_reads_them(tmp_path, shapes, encoding):
    path = written(tmp_path / "a.parquet", shapes, encoding)
    (batch,) = read(path)
    assert batch.crs == "EPSG:4547"
    for one, other in zip(batch.frame.geometry, gpd.read_parquet(path).geometry, strict=True):
        alone = other is not None and hasattr(other, "geoms") and len(other.geoms) == 1 and encoding == "geoarrow"
        assert one is other is None or shapely.equals_identical(one, other.geoms[0] if alone else other)


def test_columns_of_every_kind_arrive_as_records_hold_them(tmp_path):
    path = written(tmp_path / "a.parquet", [shapely.Point(i, i) for i in range(2)])
    moment = datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC)
    columns = {
        "big": pa.array([2**63, None], pa.uint64()),
        "whole": pa.array([2**60 + 1, None], pa.int64()),
        "real": pa.array([np.nan, None], pa.float64()),
        "at": pa.array([moment, None], pa.timestamp("us", "UTC")),
        "local": pa.array([moment.replace(tzinfo=None), None], pa.timestamp("ms")),
        "day": pa.array([date(2024, 2, 29), None]),
        "exact": pa.array([Decimal("1.10"), None]),
        "raw": pa.array([b"\x01\xff", None]),
        "old": pa.array([True, None]),
        "tags": pa.array([["a", "b"], None]),
        "more": pa.array([{"a": 1, "b": [moment]}, None]),
        "pairs": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
        "kind": pa.array(["x", None]).dictionary_encode(),
    }
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.append_column(name, values)
    table = table.append_column("big", pa.array(["second", None]))
    with_metadata(path, lambda told: None, table)
    first = joined(read(path)).iloc[0]
    assert (first["big"], first["big_2"], first["whole"]) == (2**63, "second", 2**60 + 1)
    assert np.isnan(first["real"])
    assert (first["at"], first["local"], first["day"]) == (
        *("2024-02-29T01:02:03+00:00", "2024-02-29T01:02:03", "2024-02-29"),
    )
    assert (first["exact"], first["raw"], first["old"], first["kind"]) == ("1.10", "01ff", True, "x")
    assert (first["tags"], first["more"], first["pairs"]) == (
        *(["a", "b"], {"a": 1, "b": ["2024-02-29T01:02:03+00:00"]}, {"k": 1}),
    )
    assert joined(read(path)).iloc[1].drop(["id", "geometry"]).isna().all()


def test_a_crs_that_is_absent_or_null_must_be_stated(tmp_path):
    path = written(tmp_path / "a.parquet", [shapely.Point(113.3, 40.1)])
    with_metadata(path, lambda told: told["columns"]["geometry"].pop("crs"))
    with pytest.raises(MissingCrs, match=r"a\.parquet: states no CRS"):
        read(path)
    assert read(path, crs="GCJ-02")[0].crs == "GCJ-02"
    with_metadata(path, lambda told: told["columns"]["geometry"].update(crs=None))
    with pytest.raises(MissingCrs):
        read(path)


def test_crs84_is_wgs84_and_gcj02_is_the_owners_word(tmp_path):
    path = tmp_path / "a.parquet"
    gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.Point(113.3, 40.1)], crs="OGC:CRS84").to_parquet(path)
    assert read(path)[0].crs == "EPSG:4326"
    assert read(path, crs="GCJ-02")[0].crs == "GCJ-02"


def test_spoilt_geometries_and_texts_are_set_aside(tmp_path):
    path = written(tmp_path / "a.parquet", [shapely.box(i, 0, i + 1, 1) for i in range(6)])
    table = pq.read_table(path)
    blobs = table.column("geometry").to_pylist()
    blobs[1], blobs[3] = b"junk", blobs[3][:40]
    names = pa.array([b"a", b"b", b"c", b"d", "大".encode("gbk"), b"f"], pa.binary()).view(pa.string())
    table = table.set_column(1, "geometry", pa.array(blobs)).append_column("name", names)
    (batch,) = read(with_metadata(path, lambda told: None, table))
    assert [(r.row, r.codes[0]) for r in batch.damaged] == [
        (2, "geometry_unreadable"),
        (4, "geometry_unreadable"),
        (5, "encoding"),
    ]
    assert batch.damaged[0].content["id"] == 1
    assert batch.damaged[2].content["name"] == "\\xb4\\xf3"
    assert batch.frame["id"].tolist() == [0, 2, 5]


def test_nested_lists_that_are_too_short_cost_their_record_only(tmp_path):
    path = written(tmp_path / "a.parquet", [shapely.box(i, 0, i + 1, 1) for i in range(4)], "geoarrow")
    table = pq.read_table(path)
    rings = table.column("geometry").to_pylist()
    rings[1] = [rings[1][0][:2]]
    rings[2] = [rings[2][0][:4]]
    kind = table.schema.field("geometry")
    table = table.set_column(1, kind, pa.array(rings, kind.type))
    (batch,) = read(with_metadata(path, lambda told: None, table))
    assert [(r.row, r.codes[0]) for r in batch.damaged] == [(2, "ring_too_short")]
    assert [(i.row, i.code) for i in batch.issues] == [(3, "ring_unclosed")]
    assert batch.frame.geometry[3].area == 1.0


def test_boxes_and_second_geometries_are_left_out(tmp_path):
    path = tmp_path / "a.parquet"
    frame = footprints().assign(middle=footprints().geometry.centroid)
    frame.to_parquet(path, write_covering_bbox=True)
    (batch,) = read(path)
    assert list(batch.frame.columns) == ["id", "name", "storeys", "height_m", "geometry"]
    assert [i.code for i in batch.issues] == ["column_unread"]


def test_parquet_that_says_nothing_of_geometry_is_refused(tmp_path):
    pq.write_table(pa.table({"id": [1]}), tmp_path / "a.parquet")
    with pytest.raises(BadSource, match=r"a\.parquet: Parquet, but no GeoParquet"):
        read(tmp_path / "a.parquet")
    path = written(tmp_path / "b.parquet", [shapely.Point(0, 0)])
    with_metadata(path, lambda told: told["columns"]["geometry"].update(encoding="x"))
    with pytest.raises(BadSource, match=r"b\.parquet: geometries encoded as 'x'; expected WKB or one of point"):
        read(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_file_is_refused_by_name(tmp_path, share):
    path = written(tmp_path / "a.parquet", footprints().geometry.tolist())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(BadSource, match=r"a\.parquet: not readable as GeoParquet"):
        read(path)


def test_reading_goes_on_behind_any_record_of_any_row_group(tmp_path, monkeypatch):
    monkeypatch.setattr(geoparquet, "BATCH_ROWS", 7)
    path = tmp_path / "a.parquet"
    footprints(40).to_parquet(path, row_group_size=16)
    whole = joined(read(path))
    assert list(whole.index) == list(range(1, 41))
    for after in (1, 7, 15, 16, 17, 33, 39):
        rest = joined(read(path, after))
        assert rest["id"].tolist() == whole["id"].tolist()[after:]
        assert list(rest.index) == list(range(after + 1, 41))
    assert read(path, 40) == []
