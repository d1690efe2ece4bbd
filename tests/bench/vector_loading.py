"""Loads of the same footprints in other formats than GeoPackage, each beside ogr2ogr on the same file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import geopandas as gpd
import pyogrio

from tests.bench import footprints, loading, rivals
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line
from tests.bench.rounds import alternated
from tests.vector_files import osm_pbf

FULL = 200_000
GOAL = 0.5
"""of ogr2ogr's rate. It checks nothing, keeps no history and makes one index: the project's own mark"""


@dataclass(frozen=True, slots=True)
class Form:
    """A format: its name, its ending, what writes the footprints as it, ogr2ogr's driver and what it is told to take."""

    name: str
    ending: str
    write: Callable[[gpd.GeoDataFrame, Path], None]
    driver: str
    selected: Sequence[str]


def _by_gdal(frame: gpd.GeoDataFrame, path: Path, **options: str) -> None:
    pyogrio.write_dataframe(frame, path, layer=footprints.LAYER, **options)


def _shapefile(frame: gpd.GeoDataFrame, path: Path) -> None:
    pyogrio.write_dataframe(frame.rename(columns={"is_synthetic": "synthetic"}), path, encoding="utf-8")


def _parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    frame.to_parquet(path)


def _map(frame: gpd.GeoDataFrame, path: Path) -> None:
    osm_pbf(path.parent, frame).rename(path)


_MULTI = ("-nlt", "PROMOTE_TO_MULTI")

SHAPEFILE = Form("shapefile", "shp", _shapefile, "ESRI Shapefile", _MULTI)
FLATGEOBUF = Form("flatgeobuf", "fgb", partial(_by_gdal, driver="FlatGeobuf"), "FlatGeobuf", (footprints.LAYER,))
GEOPARQUET = Form("geoparquet", "parquet", _parquet, "Parquet", ())
GEOJSON = Form("geojson", "geojson", partial(_by_gdal, driver="GeoJSON", RFC7946="NO"), "GeoJSON", (footprints.LAYER,))
GEOPACKAGE = Form("geopackage", "gpkg", partial(_by_gdal, driver="GPKG"), "GPKG", (footprints.LAYER,))
OSM = Form("osm", "osm.pbf", _map, "OSM", ("-sql", "SELECT * FROM multipolygons WHERE building IS NOT NULL"))


def line(form: Form) -> Line:
    """The line `load.<format>`."""
    return Line(
        name=f"load.{form.name}",
        unit="records/s",
        what=f"200,000 mixed footprints as {form.ending} -> checked, staged, indexed, published",
        measure=partial(_measure, form),
        at_least_ratio=GOAL,
    )


def _measure(form: Form, ground: Ground) -> Figure:
    count = ground.size(FULL)
    path = _kept(form, ground.files, count)
    contestants: dict[str, Callable[[], float]] = {
        "cim": lambda: loading.checked(ground, path, count, "cim load").whole_s
    }
    program = rivals.ogr2ogr()
    if program is None:
        rivals.missing(ground, "ogr2ogr")
    elif not rivals.reads(program, form.driver):
        ground.note(f"  this ogr2ogr cannot read {form.driver}: nothing to compare with, its fields are null")
    else:
        contestants["ogr2ogr"] = lambda: rivals.run_ogr2ogr(ground, program, path, count, form.selected)
    seconds = alternated(ground, contestants)
    return Figure(count / seconds["cim"], "ogr2ogr", count / seconds["ogr2ogr"] if "ogr2ogr" in seconds else None)


def _kept(form: Form, folder: Path, count: int) -> Path:
    """The file, in a folder of its own; made where it is not there yet."""
    home = folder / f"footprints-{form.name}-1-{count}"
    path = home / f"footprints.{form.ending}"
    if not (home / "whole").is_file():
        home.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        form.write(footprints.footprints(count), path)
        (home / "whole").touch()
    return path
