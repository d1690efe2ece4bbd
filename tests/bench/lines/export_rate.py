"""Line `export.rate`: a million buildings out of the store into a GeoPackage; ogr2ogr out of the same table is the rival."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyogrio
from psycopg.conninfo import make_conninfo

from tests.bench import footprints, loading, rivals
from tests.bench.ground import Ground
from tests.bench.line import Figure, Invalid, Line
from tests.bench.program import timed
from tests.bench.rounds import alternated

FULL = 1_000_000

_COLUMNS = """building_id, name, address, use, roof_form, storeys, year, height_m, height_basis, eaves_m, base_m, lod,
    cim_level, source, survey_date, accuracy_m, is_synthetic, valid_from, valid_to, properties, version_id, source_row,
    record_from, record_to, footprint"""


def measure(ground: Ground) -> Figure:
    """Records a second of whole processes. ogr2ogr writes no manifest, no checksums, and codes instead of names."""
    count = ground.size(FULL)
    path = footprints.kept(ground.files, count)
    with ground.database() as url, tempfile.TemporaryDirectory(dir=ground.files) as folder:
        loading.load(url, path)
        contestants: dict[str, Callable[[], float]] = {"cim": lambda: _ours(ground, url, Path(folder), count)}
        program = rivals.ogr2ogr()
        if program is None:
            rivals.missing(ground, "ogr2ogr")
        else:
            contestants["ogr2ogr"] = lambda: _theirs(str(program), url, Path(folder), count)
        seconds = alternated(ground, contestants)
    return Figure(count / seconds["cim"], "ogr2ogr", count / seconds["ogr2ogr"] if "ogr2ogr" in seconds else None)


def _ours(ground: Ground, url: str, folder: Path, count: int) -> float:
    to = folder / "out"
    whole, said = timed([sys.executable, "-m", "tests.bench.exporting", url, "gpkg", str(to)])
    _validate(to / "buildings.gpkg", count)
    shutil.rmtree(to)
    ground.note(f"  cim export: {whole:.1f} s, peak {json.loads(said)['peak_mib']:,.0f} MiB")
    return whole


def _theirs(program: str, url: str, folder: Path, count: int) -> float:
    to = folder / "rival.gpkg"
    query = f"SELECT {_COLUMNS} FROM cim.current_body ORDER BY building_id"
    whole, _ = timed([program, "-f", "GPKG", str(to), f"PG:{make_conninfo(url)}", "-sql", query, "-nln", "buildings"])
    _validate(to, count)
    to.unlink()
    return whole


def _validate(path: Path, count: int) -> None:
    """Raise Invalid unless the file has every record, and each of them its place in the index."""
    found = pyogrio.read_info(path, layer="buildings", force_feature_count=True)
    if found["features"] != count or not found["capabilities"]["fast_spatial_filter"]:
        raise Invalid(f"{path.name}: {found['features']} records of {count}")


LINE = Line(
    name="export.rate",
    unit="records/s",
    what="1,000,000 buildings out of the store -> GeoPackage with a spatial index, manifest, checksums",
    measure=measure,
    at_least=20_000,
)
