"""The rivals as `tools/rivals.sh` installs them, each with its own check of what it wrote."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.bench.footprints import LAYER
from tests.bench.ground import CHECKOUT, Ground, rows
from tests.bench.line import Invalid
from tests.bench.program import timed

_CJDB = CHECKOUT / "var" / "rivals" / "bin" / "cjdb"


def ogr2ogr() -> str | None:
    """GDAL's converter, where it is installed."""
    return shutil.which("ogr2ogr")


def reads(program: str, driver: str) -> bool:
    """Whether this ogr2ogr was built with a driver."""
    return f" {driver} -" in subprocess.run([program, "--formats"], capture_output=True, text=True, check=False).stdout


def cjdb() -> str | None:
    """cjdb, where it is installed."""
    return str(_CJDB) if _CJDB.is_file() else None


def python_with(package: str) -> str | None:
    """The rivals' Python, where this package is installed in it."""
    folder = CHECKOUT / "var" / "rivals"
    there = any(folder.glob(f"lib/python3*/site-packages/{package}"))
    return str(folder / "bin" / "python") if there else None


def missing(ground: Ground, name: str) -> None:
    """Say that a rival is not here."""
    ground.note(f"  {name} is not installed (tools/rivals.sh): nothing to compare with, its fields are null")


def run_ogr2ogr(ground: Ground, program: str, path: Path, count: int, selected: Sequence[str] = (LAYER,)) -> float:
    """Seconds that ogr2ogr takes for a file into an indexed table: COPY, one spatial index, no checks.

    selected: the arguments that name what of the file is taken, and as what.
    """
    with ground.database(bare=True) as url:
        options = ["-f", "PostgreSQL", f"PG:{make_conninfo(url)}", str(path), *selected, "-nln", "footprints"]
        layout = ["-lco", "GEOMETRY_NAME=geom", "-lco", "SPATIAL_INDEX=GIST", "--config", "PG_USE_COPY", "YES"]
        seconds, _ = timed([program, *options, *layout])
        ((found, valid),) = rows(url, "SELECT count(*), count(*) FILTER (WHERE ST_IsValid(geom)) FROM footprints")
        indexes = rows(url, "SELECT FROM pg_indexes WHERE tablename = 'footprints' AND indexdef LIKE '%gist%'")
    if not (found == valid == count and len(indexes) == 1):
        raise Invalid(f"ogr2ogr: {count:,} footprints, {found:,} rows, {valid:,} valid, {len(indexes)} spatial indexes")
    return seconds


def run_cjdb(ground: Ground, program: str, path: Path, count: int) -> float:
    """Seconds that cjdb takes for a file of CityJSON features into its schema, with the indexes it makes itself."""
    with ground.database(bare=True) as url:
        known = conninfo_to_dict(url)
        database = f"{known['dbname']}?host={known['host']}"  # it has no option for a socket, but passes this on
        seconds, _ = timed(
            [program, "import", "-U", str(known["user"]), "-d", database, "-f", str(path)], {"PGPASSWORD": "none"}
        )
        ((found, valid),) = rows(
            url,
            """SELECT count(*), count(*) FILTER (WHERE ST_IsValid(ground_geometry) AND NOT ST_IsEmpty(ground_geometry))
               FROM cjdb.city_object WHERE type = 'Building' AND geometry IS NOT NULL""",
        )
    if not found == valid == count:
        raise Invalid(f"cjdb: {count:,} buildings, {found:,} rows, {valid:,} with a valid ground surface")
    return seconds
