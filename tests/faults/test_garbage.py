"""One record in a hundred spoilt in a file of 100,000: the others all arrive, and every spoilt one is in quarantine."""

import itertools
import json
import random
import sqlite3

import geopandas as gpd
import numpy as np
import pytest
from sqlalchemy import text

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.types import silent
from loaders import pipeline
from tests.faults.small_city import boxes

pytestmark = pytest.mark.db

RECORDS, BAD = 100_000, 1_000


def load(database, city, path, layer, **stated):
    named = NamedSource("some", Source(str(path), layer, **stated))
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__)


def spoilt_places(chance):
    """The places (from 0) of the records to spoil: the first, the last, and others that are no neighbours of them."""
    found = {0, RECORDS - 1}
    while len(found) < BAD:
        place = chance.randrange(RECORDS)
        if not {place - 1, place, place + 1} & found:
            found.add(place)
    return sorted(found)


def check(database, report, bad):
    """Nothing is lost or comes twice: the untouched are current by their own keys, the spoilt are out by their numbers."""
    assert (report.read, report.accepted, report.rejected) == (RECORDS, RECORDS - len(bad), len(bad))
    with database.begin() as connection:
        keys = connection.execute(
            text("""
                SELECT o.source_key FROM cim.object o JOIN (
                    SELECT building_id AS id FROM cim.current_body UNION ALL SELECT object_id FROM cim.current_feature
                ) c USING (id)""")
        ).scalars()
        assert sorted(keys) == sorted(f"k{place}" for place in set(range(RECORDS)) - set(bad))
        rows = connection.execute(text("SELECT source_row FROM cim.quarantine ORDER BY source_row")).scalars().all()
    assert rows == [place + 1 for place in bad]


def flipped(chance, content):
    """Some bits of it turned over, so that it is no JSON any more."""
    while True:
        spoilt = bytearray(content)
        for _ in range(chance.randrange(1, 4)):
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        try:
            json.loads(spoilt.decode())
        except ValueError:
            return bytes(spoilt)


def test_geojson_with_features_overwritten_cut_short_and_flipped(database, city, tmp_path):
    chance = random.Random(5)
    bad = spoilt_places(chance)
    lines = []
    for i in range(RECORDS):
        x, y = 113.0 + (i % 500) * 1e-4, 40.0 + (i // 500) * 1e-4
        ring = [[x, y], [x + 5e-5, y], [x + 5e-5, y + 5e-5], [x, y + 5e-5], [x, y]]
        shape = {"type": "Polygon", "coordinates": [[[round(a, 7), round(b, 7)] for a, b in ring]]}
        lines.append(
            json.dumps({"type": "Feature", "properties": {"id": f"k{i}", "kind": "水"}, "geometry": shape}).encode()
        )
    for number, place in enumerate(bad):
        content = lines[place]
        if number % 3 == 0:
            lines[place] = chance.randbytes(len(content))
        elif number % 3 == 1:
            lines[place] = content[: chance.randrange(1, len(content) - 1)]
        else:
            lines[place] = flipped(chance, content)
    path = tmp_path / "water.geojson"
    path.write_bytes(b'{"type": "FeatureCollection", "features": [\n' + b",\n".join(lines) + b"\n]}\n")
    check(database, load(database, city, path, "water", crs="EPSG:4326"), bad)


def test_csv_with_lines_of_random_bytes(database, city, tmp_path):
    chance = random.Random(6)
    bad = spoilt_places(chance)
    lines = [f"k{i},塔 {i},{113 + i / 1e6:.6f},40.1".encode() for i in range(RECORDS)]
    for place in bad:
        noise = chance.randbytes(chance.randrange(20, 60)).translate(None, b"\r\n")
        lines[place] = b"\xff" + noise  # a byte that is in no UTF-8, so that noise cannot be a record by accident
    path = tmp_path / "landmarks.csv"
    path.write_bytes(b"id,name,lon,lat\n" + b"\n".join(lines) + b"\n")
    check(database, load(database, city, path, "landmarks", crs="EPSG:4326"), bad)


def test_geopackage_with_geometries_overwritten(database, city, tmp_path):
    chance = random.Random(7)
    bad = spoilt_places(chance)
    path, rows = tmp_path / "buildings.gpkg", np.arange(RECORDS)
    data = {"id": [f"k{i}" for i in rows], "height_m": 9.0}
    gpd.GeoDataFrame(data, geometry=boxes(rows), crs="EPSG:4547").to_file(path, SPATIAL_INDEX="NO")
    with sqlite3.connect(path) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        for number, place in enumerate(bad):
            (blob,) = connection.execute("SELECT geom FROM buildings WHERE fid = ?", [place + 1]).fetchone()
            spoilt = [
                chance.randbytes(len(blob)),
                blob[: chance.randrange(1, 60)],
                b"",
                blob[:40] + b"\xff" * (len(blob) - 40),
                "not a blob",
            ][number % 5]
            connection.execute("UPDATE buildings SET geom = ? WHERE fid = ?", [spoilt, place + 1])
    connection.close()
    check(database, load(database, city, path, "buildings"), bad)


class _Broken(Exception):
    """Whatever ends a run in the middle."""


def test_a_file_that_was_cut_off_is_told_once_also_by_a_run_that_goes_on_with_another(database, city, tmp_path):
    lines = []
    for i in range(200):
        x = 113.0 + i * 1e-4
        ring = [[x, 40.0], [x + 5e-5, 40.0], [x + 5e-5, 40.00005], [x, 40.00005], [x, 40.0]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        lines.append(json.dumps({"type": "Feature", "properties": {"id": f"k{i}"}, "geometry": shape}))
    path = tmp_path / "water.geojson"
    whole = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"
    path.write_text(whole[: whole.index(lines[150]) + 40])
    named = NamedSource("some", Source(str(path), "water", crs="EPSG:4326"))

    def breaks(done, total, note):
        raise _Broken

    with pytest.raises(_Broken):
        pipeline.load(database, named, path, city, breaks, itertools.count().__next__)
    report = load(database, city, path, "water", crs="EPSG:4326")
    assert (report.resumed_at, report.read, report.accepted, report.rejected) == (151, 151, 150, 1)
    assert (report.codes["not_json"], report.codes["truncated"]) == (1, 1)
