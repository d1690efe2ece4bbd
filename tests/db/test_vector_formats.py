"""Every vector format through the whole way in: the same records come to the same buildings, whatever they came in."""

import itertools

import pytest
from sqlalchemy import text

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.types import silent
from loaders import pipeline
from tests.vector_files import WRITERS, footprints

pytestmark = pytest.mark.db

_SAME = [name for name in WRITERS if name not in ("osm_pbf", "geojson_records")]  # those are in degrees
_HELD = """SELECT o.source_key FROM cim.current_body b JOIN cim.object o ON o.id = b.building_id ORDER BY 1"""


def load(database, city, path, progress=silent, layer="buildings", **stated):
    clock = itertools.count().__next__
    named = NamedSource("some", Source(str(path), layer, **stated))
    return pipeline.load(database, named, path, city, progress, clock)


def held(database):
    with database.begin() as connection:
        return list(connection.execute(text(_HELD)).scalars())


def test_the_same_records_come_to_the_same_buildings(database, city, tmp_path):
    """Each format is a delivery of the same dataset: behind the first one nothing changes any more."""
    frame = footprints(46)
    alone = frame.geometry.geom_type == "Polygon"  # beside records of two parts GDAL writes all as of several
    frame = frame[alone].reset_index(drop=True)
    for number, name in enumerate(_SAME):
        (tmp_path / name).mkdir()
        report = load(database, city, WRITERS[name](tmp_path / name, frame))
        assert (report.read, report.accepted, report.rejected) == (40, 40, 0), name
        changed = {kind: count for kind, count in report.changes.items() if kind != "unchanged" and count}
        assert changed == ({"added": 40} if number == 0 else {}), name


def test_a_map_comes_to_buildings_with_their_source_and_tags(database, city, tmp_path):
    report = load(database, city, WRITERS["osm_pbf"](tmp_path, footprints(40)))
    assert (report.accepted, report.rejected) == (45, 0)  # five are of two parts, which are two ways here
    with database.begin() as connection:
        sources = connection.execute(text("SELECT DISTINCT source FROM cim.current_body")).scalars().all()
    assert sources == ["OpenStreetMap"]
    assert held(database)[0].startswith("relation/")


@pytest.mark.parametrize("name", ["shapefile", "flatgeobuf", "geoparquet", "osm_pbf"])
def test_an_interrupted_load_goes_on_where_it_stopped(database, city, tmp_path, monkeypatch, name):
    monkeypatch.setattr("loaders.formats.shp.PIECE_ROWS", 10)
    monkeypatch.setattr("loaders.formats.fgb.PIECE_ROWS", 10)
    monkeypatch.setattr("loaders.sources.geoparquet.BATCH_ROWS", 10)
    monkeypatch.setattr("loaders.sources.osm_pbf.BATCH_ROWS", 10)
    path = WRITERS[name](tmp_path, footprints(40))

    def broken(done, total, note):
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(database, city, path, broken)
    report = load(database, city, path)
    assert report.resumed_at == 20
    assert report.rejected == 0
    assert len(held(database)) == report.accepted >= 40


def test_a_note_on_the_file_is_in_the_report(database, city, tmp_path):
    path = WRITERS["shapefile"](tmp_path, footprints(40))
    path.with_suffix(".shx").unlink()
    path.with_suffix(".cpg").unlink()
    report = load(database, city, path)
    assert (report.accepted, report.codes["index_rebuilt"], report.codes["encoding_detected"]) == (40, 1, 1)
