"""The page of what is read is true: every format has a line, and every real file that is named gives what stands there."""

import re
from pathlib import Path

import pytest

from cim.errors import BadSource
from cim.plugins import Batch, PointCloud, Source
from cim.types import Box
from loaders.delivery.files import recognise
from loaders.recognising.encodings import encoding_of
from loaders.sources import SOURCES

_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
_FILE = re.compile(r"`([^`]+)` ([\d,]+)")
_CITY = (Box(112.57, 39.04, 114.57, 40.74), "EPSG:4547")

# What their owners would state of files that do not say it.
_STATED = {
    "admin/datong_counties_wgs84.geojson": {"crs": "EPSG:4326"},
    "footprints/osm_buildings_wuhan.geojson": {"crs": "EPSG:4326"},
    "lod2_delft_east/ahn3_cropped_2.laz": {"crs": "EPSG:28992"},
    "lod2_delft_east/bgt_context_east.gpkg": {"table": "road"},
    "momepy/bubenec.gpkg": {"table": "buildings"},
}
_LAYER = {"LAS": "point_clouds", "OSM PBF": "buildings"} | dict.fromkeys(("geotiff", "hgt", "ascii_grid"), "dem")


def _rows() -> dict[str, tuple[list[str], list[tuple[str, int]]]]:
    """format -> (endings, (file, records) for each that it was tried on)."""
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
    found = {name: (endings, tried) for name, endings, tried in _ROW.findall(page) if endings.startswith("`.")}
    return {
        name: (re.findall(r"`([^`]+)`", endings), [(f, int(n.replace(",", ""))) for f, n in _FILE.findall(tried)])
        for name, (endings, tried) in found.items()
    }


ROWS = _rows()
TRIED = [(name, file, count) for name, (_, tried) in ROWS.items() for file, count in tried]


def test_every_format_has_a_line_and_every_line_a_format() -> None:
    assert set(ROWS) == set(SOURCES)


def test_endings_are_those_that_are_recognised(tmp_path: Path) -> None:
    heads = {
        "GeoPackage": b"SQLite format 3\0",
        "Shapefile": b"\x00\x00\x27\x0a",
        "FlatGeobuf": b"fgb\x03fgb\x00",
        "GeoParquet": b"PAR1",
        "OSM PBF": b"\x00\x00\x00\x0d\x0a\x09OSMHeader",
        "geotiff": b"II*\0",
        "ascii_grid": b"ncols 2\n",
        "vrt": b"<VRTDataset",
        "LAS": b"LASF",
        "CityGML": b'<?xml version="1.0"?><CityModel',
        "XLSX": b"PK\x03\x04",
        "COLLADA": b"<?xml",
    }
    for name, (endings, _) in ROWS.items():
        for ending in endings:
            path = tmp_path / f"a{ending}"
            path.write_bytes(heads.get(name, b"{"))
            assert recognise(path).name == name


@pytest.mark.long
@pytest.mark.parametrize(("name", "file", "count"), TRIED)
def test_a_file_that_is_named_gives_its_records(
    request: pytest.FixtureRequest, name: str, file: str, count: int
) -> None:
    path = _found(request, file)
    reader = recognise(path)
    assert reader.name == name
    encoding = encoding_of(path)[0] if name == "CSV" else None
    stated = {"crs": None, "encoding": encoding} | _STATED.get(file, {})
    # Read as records without a place where the page speaks of records: whether they lie in a city is not the reader's.
    layer = _LAYER.get(name, "division_codes")
    total = 0
    for one in reader.read(Source(str(path), layer, city=_CITY, **stated)):  # type: ignore[arg-type]
        if isinstance(one, Batch):
            total += len(one.frame) + len(one.damaged)
        else:
            total += one.count if isinstance(one, PointCloud) else 1
    assert total == count


def _refused() -> list[tuple[str, str]]:
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", page.split("Real files that are refused", 1)[1], re.MULTILINE)


@pytest.mark.long
@pytest.mark.parametrize(("file", "why"), _refused())
def test_a_file_that_is_refused_is_so_for_the_reason_that_is_told(
    request: pytest.FixtureRequest, file: str, why: str
) -> None:
    path = _found(request, file)
    with pytest.raises(BadSource, match=re.escape(why)):
        _read_through(path)


def _read_through(path: Path) -> None:
    reader = recognise(path)
    for _ in reader.read(Source(str(path), _LAYER.get(reader.name, "division_codes"), city=_CITY)):
        pass


def _found(request: pytest.FixtureRequest, file: str) -> Path:
    """The file in the folder of shared data, or among those that packages carry, where that fixture is known."""
    folder: Path = request.getfixturevalue("shared")
    if not (folder / file).exists():
        folder = request.getfixturevalue("real_files")
    if not (folder / file).exists():
        pytest.skip(f"{file} is not there")
    return folder / file
