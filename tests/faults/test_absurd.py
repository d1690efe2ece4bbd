"""Absurd values: each is counted under its code, its good neighbours arrive, and nothing of it ends in a traceback."""

import itertools
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.types import silent
from loaders import pipeline

pytestmark = pytest.mark.db

X, Y = 439_000.0, 4_440_000.0
LON, LAT = 113.29, 40.09


def load(database, city, path, layer, **stated):
    named = NamedSource("some", Source(str(path), layer, **stated))
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__)


def check(database, report, expected):
    """expected: for each record in order what has to be said of it: None (good), "code" (out), "~code" (in, remarked on)."""
    out = [row for row, code in enumerate(expected, start=1) if code is not None and not code.startswith("~")]
    assert (report.read, report.accepted, report.rejected) == (len(expected), len(expected) - len(out), len(out))
    said = {}
    for issue in report.issues:
        said.setdefault(issue.row, set()).add(issue.code)
    assert said == {row: {code.lstrip("~")} for row, code in enumerate(expected, start=1) if code is not None}
    assert sum(report.codes.values()) == len(report.issues)
    with database.begin() as connection:
        held = "SELECT array_agg(source_row ORDER BY source_row) FROM cim.quarantine"
        assert connection.execute(text(held)).scalar() == out
        current = (
            "SELECT source_row FROM cim.current_body UNION ALL SELECT source_row FROM cim.current_feature ORDER BY 1"
        )
        assert connection.execute(text(current)).scalars().all() == [
            row for row in range(1, len(expected) + 1) if row not in out
        ]


def interleaved(cases, good):
    """Every case with four good records about it, so that there are not too many bad ones for a publication."""
    rows, expected = [], []
    for number, (case, code) in enumerate(cases):
        rows += [good(f"g{number}_{k}", number * 5 + k) for k in range(4)] + [case]
        expected += [None] * 4 + [code]
    return rows, expected


def feature(key, place, properties=None, geometry=None):
    x, y = 113.0 + place * 1e-4, 40.1
    ring = [[x, y], [x + 5e-5, y], [x + 5e-5, y + 5e-5], [x, y + 5e-5], [x, y]]
    shape = {"type": "Polygon", "coordinates": [ring]} if geometry is None else geometry
    return json.dumps(
        {"type": "Feature", "properties": {"id": key, "height_m": 9.0} | (properties or {}), "geometry": shape}
    )


def polygon(*ring):
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def around(lon, lat, step=1e-4):
    return polygon([lon, lat], [lon + step, lat], [lon + step, lat + step], [lon, lat + step])


def wheel(count):
    angle = np.linspace(0, 2 * np.pi, count)[:-1]
    ring = np.column_stack([LON + 1e-3 * np.cos(angle), LAT + 1e-3 * np.sin(angle)])
    return polygon(*ring.tolist())


def odd(**properties):
    """A feature with odd properties, where nobody else stands."""
    place = next(_SPARE)
    return feature(f"c{place}", place, properties)


def misplaced(geometry):
    """A feature with an odd geometry."""
    place = next(_SPARE)
    return feature(f"c{place}", place, geometry=geometry)


_SPARE = iter(range(10_000, 11_000))
HUGE = "很" * (10 << 20)
PLACES = [
    (misplaced(around(1e308, 1e308)), "outside_city"),
    (misplaced(around(0, 0)), "outside_city"),
    (misplaced(around(LAT, LON)), "outside_city"),
    (misplaced(around(LON, 91.0)), "outside_city"),
    (misplaced({"type": "Point", "coordinates": [LON, LAT]}), "geometry_type"),
    (misplaced({"type": "LineString", "coordinates": [[LON, LAT], [LON, 40.2]]}), "geometry_type"),
    (misplaced({"type": "GeometryCollection", "geometries": []}), "geometry_empty"),
    (misplaced({"type": "Polygon", "coordinates": []}), "geometry_empty"),
    (misplaced(around(LON, LAT, 0.0)), "area_too_small"),
    (misplaced(wheel(100_000)), None),
]
VALUES = [
    (odd(height_m=-1e300), "height_out_of_range"),
    (odd(height_m="高"), "~not_a_number"),
    (odd(storeys=-3), "~out_of_range"),
    (odd(storeys=1e300), "~out_of_range"),
    (odd(year=99_999), "~out_of_range"),
    (odd(survey_date="31/02/2024"), "~not_a_date"),
    (odd(survey_date="0000-01-01"), "~not_a_date"),
    (odd(survey_date="99999-01-01"), "~not_a_date"),
    (odd(valid_from="0000-00-00"), "~not_a_time"),
    (odd(valid_from="2024-01-01", valid_to="2023-01-01"), "valid_time_inside_out"),
    (odd(id=""), "key_missing"),
    (odd(id="   "), "key_missing"),
    (odd(name="a\0b"), "nul_character"),
    (odd(name="\ud800"), "encoding"),
    (odd(name="   "), None),
    (odd(id="长" * 10_000), None),
    (odd(**{"名" * 10_000: 1}), None),
    (odd(remark=HUGE), None),
    (odd(use="宇宙"), "~domain"),
    (odd(roof_form=["flat"]), "~domain"),
    (odd(deep={"a": [{"b": [1, "\u2028", 1e308]}] * 100}), None),
]


def test_a_geojson_of_absurdities(database, city, tmp_path):
    rows, expected = interleaved([*PLACES, *VALUES], feature)
    path = tmp_path / "buildings.geojson"
    path.write_text('{"type": "FeatureCollection", "features": [' + ",\n".join(rows) + "]}", encoding="utf-8")
    report = load(database, city, path, "buildings", crs="EPSG:4326")
    check(database, report, expected)
    with database.begin() as connection:
        sizes = "SELECT max(length(properties->>'remark')), max(ST_NPoints(footprint)) FROM cim.body"
        assert tuple(connection.execute(text(sizes)).one()) == (len(HUGE), 100_000)


def test_a_csv_of_absurdities(database, city, tmp_path):
    def row(key, place, lon=None, lat=LAT, name="塔", height="9"):
        return f"{key},{name},{113 + place * 1e-4 if lon is None else lon},{lat},{height}"

    cases = [
        (row("c1", 0, lon="1e308"), "outside_city"),
        (row("c2", 0, lon="nan"), "geometry_missing"),
        (row("c3", 0, lon="inf"), "coordinates_not_finite"),
        (row("c4", 0, lat="-Infinity"), "coordinates_not_finite"),
        (row("c5", 0, lon=LAT, lat=LON), "outside_city"),
        (row("c6", 0, lon=0, lat=0), "outside_city"),
        (row("c7", 0, lon="东经一一三度"), "geometry_missing"),
        (row("c8", 0, lon=""), "geometry_missing"),
        (row("", 9_001), "key_missing"),
        (row("c10", 9_002, name=""), "attribute_missing"),
        (row("c12", 9_004, name="塔" * 200_000), "field_too_long"),
        (row("c11", 9_003, name="a\0b"), "nul_character"),
        (row("c13", 9_005) + ",one more", "field_count"),
        ("c14", "field_count"),
        (row("c15", 9_006, name='"不闭'), "not_csv"),
        (row("c16", 9_007, height="九"), "~not_a_number"),
        (row("c17", 9_008, height="-1"), "~out_of_range"),
        (row("c18", 9_009, height="1e400"), "~not_a_number"),
        (row("k" * 10_000, 9_010), None),
    ]
    rows, expected = interleaved(cases, row)
    path = tmp_path / "landmarks.csv"
    path.write_text("id,name,lon,lat,height_m\n" + "\n".join(rows) + "\n", encoding="utf-8")
    check(database, load(database, city, path, "landmarks", crs="EPSG:4326"), expected)


def test_a_geopackage_of_absurdities(database, city, tmp_path):
    def square(place, side=10.0):
        return shapely.box(X + 20 * place, Y, X + 20 * place + side, Y + side)

    def ring(*xy):
        return shapely.Polygon([(X, Y), *xy, (X + 5, Y + 5)])

    cases = [
        (ring((np.nan, Y)), "coordinates_not_finite"),
        (ring((np.inf, Y)), "coordinates_not_finite"),
        (ring((1e308, Y)), "outside_city"),
        (shapely.box(0, 0, 1, 1), "outside_city"),
        (shapely.Point(X, Y), "geometry_type"),
        (shapely.MultiPoint([(X, Y)]), "geometry_type"),
        (shapely.LineString([(X, Y), (X + 9, Y)]), "geometry_type"),
        (shapely.GeometryCollection([square(900)]), "geometry_type"),
        (shapely.Polygon(), "geometry_empty"),
        (None, "geometry_missing"),
        (shapely.MultiPolygon([square(901), square(902)]), None),
        (shapely.Polygon([(x, y, np.nan) for x, y in square(903).exterior.coords]), None),
        (shapely.Polygon([(X, Y), (X + 9, Y), (X + 4, Y)]), "area_too_small"),
    ]
    rows, expected = interleaved(cases, lambda key, place: square(place))
    path = tmp_path / "buildings.gpkg"
    frame = gpd.GeoDataFrame(
        {"id": [f"k{i}" for i in range(len(rows))], "height_m": 9.0}, geometry=rows, crs="EPSG:4547"
    )
    frame.to_file(path, geometry_type="Unknown")
    check(database, load(database, city, path, "buildings"), expected)
