"""A few records of every layer that hold what formats stumble over: quotes, line ends, nested fields, holes, parts."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cim.city import City
from cim.exports import package
from cim.exports.manifest import Manifest
from cim.exports.order import FILES, HELD_ELSEWHERE, Order
from cim.layers import LAYERS
from cim.plugins import Layer, Source
from cim.source_entry import Card, NamedSource
from cim.store.db import Database
from cim.types import silent
from loaders import pipeline
from tests.rich_layers import bare, full

CRS = "EPSG:4547"
AT = datetime(2026, 5, 1, tzinfo=UTC)
_X, _Y = 439_800.0, 4_439_700.0
_HARD = {
    "备注": "双引号 \" 单引号 ' 逗号, 分号; 制表\t换行\n第二行",
    "nested": {"数": [1, 2.5, None, True], "深": {"空": {}}},
    "huge": 9_007_199_254_740_993,
    "small": -0.1,
    "blank": "",
    "blanks": "  两边  ",
    "truth": False,
    "long": "很长" * 150,
}


def _ring(x: float, y: float, size: float) -> list[list[float]]:
    corners = [(0.0, 0.0), (size, 0.0), (size, size / 3.0), (0.0, size), (0.0, 0.0)]
    return [[_X + x + a, _Y + y + b] for a, b in corners]


def _hole(x: float, y: float, size: float) -> list[list[float]]:
    return [[_X + x + a, _Y + y + b] for a, b in [(0.0, 0.0), (0.0, size), (size, size), (size, 0.0), (0.0, 0.0)]]


_POLYGON = {"type": "Polygon", "coordinates": [_ring(0, 0, 60.1), _hole(3, 3, 5.3)]}
_PARTS = {"type": "MultiPolygon", "coordinates": [[_ring(100, 0, 30)], [_ring(150, 0, 40), _hole(153, 3, 2)]]}
SQUARE = {"type": "Polygon", "coordinates": [_hole(300, 0, 12)]}
_LINE = {"type": "LineString", "coordinates": [[_X, _Y], [_X + 1 / 3, _Y + 10], [_X + 50, _Y]]}
_LINES = {"type": "MultiLineString", "coordinates": [_LINE["coordinates"], [[_X, _Y + 90], [_X + 9, _Y + 90.7]]]}
_POINT = {"type": "Point", "coordinates": [_X + 2 / 3, _Y + 0.1]}
_RAISED = {
    "type": "LineString",
    "coordinates": [[_X, _Y, 1040.1], [_X + 1 / 3, _Y + 10, 1 / 3 + 1039], [_X + 50, _Y, 1039.5]],
}
_SHAPES = {"polygon": (_PARTS, _POLYGON), "line": (_LINES, _LINE), "point": (_POINT, _POINT), "none": (None, None)}
_PARTS_HA = (30.0 * 30.0 / 3 * 2 + 40.0 * 40.0 / 3 * 2 - 4.0) / 2e4
_TRUST = {"source": "实测", "survey_date": "2024-02-29", "accuracy_m": 0.1, "is_synthetic": "true"}
_TABLES = {
    "division_codes": 'code,name,level,备注\n140213,平城区,county,"行一\n行二, ""引"""\n140214,云冈区,county,\n',
    "assembly_parts": (
        "assembly,part,kind,low,low_m,high_m,lean_m,edges,thick_m,material,备注\n"
        '城墙,墙身,block,,,14,3,front back,,brick,"行一\n行二, ""引"""\n城墙,女墙,parapet,1,0.333333333,15.8,,back,0.4,,\n'
    ),
}
_TIMES = {"valid_from": "2020-01-01T08:30:00.25+08:00", "valid_to": "2199-12-31"}


def _buildings() -> list[tuple[dict[str, object], object]]:
    whole = {
        "name": "四牌楼“一”号",
        "address": "大同市平城区\n四牌楼",
        "use": "heritage",
        "storeys": 2,
        "height_m": 9.123456789,
    }
    whole |= {
        "eaves_m": 6.5,
        "base_m": 1040.25,
        "roof_form": "hip_and_gable",
        "year": 1406,
        "cim_level": "L3",
        "lod": 2.0,
    }
    return [
        ({"id": "甲-1", **whole, **_TRUST, **_TIMES, **_HARD}, _POLYGON),
        ({"id": "b2", "storeys": 3}, _PARTS),
        ({"id": "b3"}, {"type": "Polygon", "coordinates": [_ring(200, 0, 12)]}),
    ]


def _any(layer: Layer) -> list[tuple[dict[str, object], object]]:
    """A full and a bare record of a layer that nobody has thought of here."""
    first, second = (_RAISED, _LINE) if layer.z else _SHAPES[layer.geometry]
    return [({**full(layer, _PARTS_HA), **_TRUST, **_TIMES, **_HARD}, first), (bare(layer), second)]


def records() -> dict[str, list[tuple[dict[str, object], object]]]:
    """{layer: [(properties, geometry in EPSG:4547)]}; of each layer one record that is full, and one that is bare."""
    square = {"type": "Polygon", "coordinates": [_ring(0, 0, 99)]}
    thought_of = {
        "divisions": [
            ({"code": "140213", "name": "平城区", "level": "county", "parent": "140200", **_TRUST, **_HARD}, _PARTS),
            (
                {"code": "140214", "name": "云冈区", "level": "county"},
                {"type": "Polygon", "coordinates": [_ring(900, 0, 50)]},
            ),
        ],
        "unit_grids": [
            ({"code": "140213001001001", "unit": "140213", "sequence": 1, "area_m2": 1 / 3, "size_m": 100.0}, square),
        ],
        "roads": [
            ({"id": "r1", "name": "和阳街", "class": "primary", "width_m": 22.5, **_TRUST, **_TIMES, **_HARD}, _LINES),
            ({"id": "r2"}, _LINE),
        ],
        "water": [({"id": "w1", "name": "御河", "kind": "river", **_HARD}, _POLYGON), ({"id": "w2"}, square)],
        "landmarks": [({"id": "l1", "name": "鼓楼", "kind": "楼", "height_m": 20.0, **_TRUST, **_HARD}, _POINT)],
        "addresses": [
            ({"id": "a1", "address": "大同市平城区鼓楼西街1号", "name": "一“院”", **_TRUST, **_TIMES, **_HARD}, _POINT),
            ({"id": "a2", "address": "大同市平城区, 鼓楼东街2号"}, {"type": "Point", "coordinates": [_X + 9, _Y + 9]}),
        ],
        "buildings": _buildings(),
    }
    return {
        name: thought_of.get(name) or _any(layer)
        for name, layer in LAYERS.items()
        if layer.geometry not in FILES and name not in (*HELD_ELSEWHERE, *_TABLES)
    }


def fill(database: Database, city: City, folder: Path, only: Collection[str] = ()) -> None:
    """Load them all (or those of some layers), each layer as a dataset of its name; tables without places from a CSV."""
    for layer, found in records().items():
        if only and layer not in only:
            continue
        features = [{"type": "Feature", "properties": told, "geometry": shape} for told, shape in found]
        path = folder / f"{layer}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        load(database, city, layer, path, crs=CRS)
    for layer, told in _TABLES.items():
        if not only or layer in only:
            path = folder / f"{layer}.csv"
            path.write_text(told, encoding="utf-8")
            load(database, city, layer, path)


def load(database: Database, city: City, layer: str, path: Path, dataset: str | None = None, **stated: Any) -> None:
    """Load one file as a dataset (of the layer's name, if none is given); nothing of it may be rejected."""
    card = Card(title=layer, licence="CC-BY-4.0", owner="大同市")
    named = NamedSource(dataset or layer, Source(str(path), layer, **stated), card)
    report = pipeline.load(database, named, path, city, silent, lambda: 0.0)
    assert report.rejected == 0, report.issues


def export(database: Database, city: City, to: Path, **order: Any) -> Manifest:
    """Write what is ordered, at a moment of the tests' own."""
    return package.write(database, city, Order(**order), to, silent, clock=lambda: AT, software="tests")
