"""Delimited text with coordinates: CSV as offices export it, in the encoding its owner states."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from cim.errors import BadSource, MissingCrs
from cim.plugins import Batch, Source

BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """CSV with a header row and one point a record, in columns `lon` and `lat` (or as the source maps them)."""

    name: str = "CSV"

    def sniff(self, head: bytes, name: str) -> bool:
        """By its ending: text has no magic bytes."""
        return name.lower().endswith((".csv", ".txt")) and b"\0" not in head

    def read(self, source: Source) -> Iterator[Batch]:
        """Batches of points. The record number counts data rows from 1; fields stay text, untouched."""
        if source.crs is None:
            raise MissingCrs(
                f'{source.location}: a CSV cannot say its CRS; write `crs = "..."` beside it in the city file. '
                "Likely: EPSG:4326 (GPS), EPSG:4490 (survey offices), GCJ-02 (Chinese web maps; about 600 m off)"
            )
        encoding = source.encoding or "utf-8-sig"
        text = _decoded(Path(source.location), encoding)
        reader = csv.DictReader(io.StringIO(text, newline=""))
        header = reader.fieldnames or []
        lon, lat = source.columns.get("lon", "lon"), source.columns.get("lat", "lat")
        for column in (lon, lat):
            if column not in header:
                raise BadSource(
                    f"{source.location}: no column {column!r}; the header has {', '.join(header) or 'nothing'}"
                )
        rows: list[dict[str, str]] = []
        done = 0
        for record in reader:
            rows.append({str(k): v for k, v in record.items() if k is not None})
            if len(rows) == BATCH_ROWS:
                yield _batch(rows, done, lon, lat, source.crs)
                done, rows = done + len(rows), []
        if rows:
            yield _batch(rows, done, lon, lat, source.crs)
        elif done == 0:
            raise BadSource(f"{source.location}: a header but no records; expected at least one")


def _decoded(path: Path, encoding: str) -> str:
    """The whole file as text: a wrong encoding is found before anything is let in."""
    content = path.read_bytes()
    try:
        return content.decode(encoding)
    except LookupError:
        raise BadSource(f"{path}: encoding {encoding!r} is not known; expected one such as utf-8 or gbk") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        likely = next((name for name in ("utf-8", "gb18030", "utf-16") if _decodes(content, name)), "none of the usual")
        raise BadSource(
            f"{path} line {line}: byte {error.start} is not {encoding}; the whole file does decode as {likely}: "
            "state `encoding` beside it in the city file"
        ) from error


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _batch(rows: list[dict[str, str]], done: int, lon: str, lat: str, crs: str) -> Batch:
    table = pd.DataFrame(rows, index=range(done + 1, done + len(rows) + 1), dtype=object)
    x, y = pd.to_numeric(table[lon], errors="coerce"), pd.to_numeric(table[lat], errors="coerce")
    known = x.notna() & y.notna()
    points = pd.Series([None] * len(table), index=table.index, dtype=object)
    points[known] = shapely.points(x[known].to_numpy(float), y[known].to_numpy(float))
    return Batch(gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points)), crs)


CSV = CsvFormat()
