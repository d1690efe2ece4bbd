"""CSV whose geometry is text: read whatever it is called, each malformed row set aside alone, with the reason."""

from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.errors import BadSource
from cim.plugins import Source
from loaders.formats import wkt_column
from loaders.recognising import looks
from loaders.sources import table

SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
Row = tuple[str, str]


def deliver(path: Path, rows: list[Row], column: str = "WKT", more: str = "") -> Path:
    lines = [f'{key},"{text}"{more and ",113.2,40.1"}' for key, text in rows]
    path.write_text("\n".join([f"id,{column}{more}", *lines]) + "\n", encoding="utf-8")
    return path


def source(path: Path, layer: str = "buildings", **columns: str) -> Source:
    return Source(str(path), layer, crs="EPSG:4547", columns=columns)


def test_each_kind_of_geometry_is_read_from_a_column_that_is_called_or_stated_so(tmp_path: Path) -> None:
    texts = [SQUARE, "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))", "LineString Z (0 0 5, 1 1 6)", "POINT(3 4)", ""]
    rows = [(f"k{n}", text) for n, text in enumerate(texts)]
    for name, columns in (("wkt", {}), ("WKT", {}), ("geom_wkt", {}), ("the_geom", {"wkt": "the_geom"})):
        (batch,) = table.CSV.read(source(deliver(tmp_path / "a.csv", rows, name), **columns))
        found = batch.frame.geometry.tolist()
        assert found[:4] == [shapely.from_wkt(text) for text in texts[:4]]
        assert (found[2].has_z, found[4], batch.damaged, batch.crs) == (True, None, (), "EPSG:4547")
        assert list(batch.frame.columns) == ["id", "geometry"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("POLYGON ((0 0, 1 1", "is no WKT: ParseException"),
        ("0103000020D3110000", "is no WKT: ParseException"),
        ("SRID=4547;POINT (1 2)", "an SRID is no part of WKT"),
        ("CIRCULARSTRING (0 0, 1 1, 2 0)", "is no WKT: Nonlinear geometry types"),
    ],
)
def test_a_malformed_geometry_costs_its_own_row_and_says_why(tmp_path: Path, text: str, why: str) -> None:
    path = deliver(
        tmp_path / "a.csv", [("k0", SQUARE), ("k1", text), ("k2", SQUARE), ("k3", "POLYGON ((0 0, 1 0, 1 1))")]
    )
    (batch,) = table.CSV.read(source(path))
    assert batch.frame.index.tolist() == [1, 3, 4]
    (out,) = batch.damaged
    assert (out.row, out.codes) == (2, ("geometry_unreadable",))
    assert why in out.reason
    assert text in str(out.content["raw"])
    assert [(issue.code, issue.row) for issue in batch.issues] == [("ring_unclosed", 4)]


def test_beside_columns_of_coordinates_a_layer_of_points_takes_those_and_others_the_wkt(tmp_path: Path) -> None:
    path = deliver(tmp_path / "a.csv", [("k0", SQUARE)], more=",lon,lat")
    (areas,), (points,) = (table.CSV.read(source(path, layer)) for layer in ("buildings", "landmarks"))
    assert areas.frame.geometry.tolist() == [shapely.from_wkt(SQUARE)]
    assert points.frame.geometry.tolist() == [shapely.Point(113.2, 40.1)]
    with pytest.raises(BadSource, match="no column 'shape'; the header has id, WKT, lon, lat"):
        list(table.CSV.read(source(path, wkt="shape")))


def test_a_file_alone_is_taken_for_what_its_wkt_shows(tmp_path: Path) -> None:
    rows = [(f"k{n}", f"POLYGON (({n} 0, {n + 1} 0, {n + 1} 1, {n} 0))") for n in range(3)]
    path = deliver(tmp_path / "房屋.csv", rows)
    found = looks.look(path, source(path), "buildings")
    assert ("place", "WKT in WKT") in found.told
    assert found.source.columns == {"wkt": "WKT"}


WORDS = st.sampled_from(
    [
        "POINT",
        "POLYGON",
        "Z",
        "EMPTY",
        "(",
        ")",
        ",",
        "1",
        "-2.5",
        "1e400",
        "nan",
        "CURVEPOLYGON",
        "鼓楼",
        "SRID=1;",
        '"',
    ]
)


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(WORDS, max_size=12).map(" ".join)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        max_size=4,
    )
)
def test_whatever_a_text_is_it_is_a_shape_or_blank_or_says_what_is_wrong(texts: list[str]) -> None:
    found, why, closed = wkt_column.shapes(texts)
    for place, text in enumerate(texts):
        assert (found[place] is None) == (place in why or not text.strip())
    assert not set(closed) & set(why)
