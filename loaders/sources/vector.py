"""Vector files that GDAL reads: GeoPackage and GeoJSON, in batches, every record with its row number."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from cim import crs as frames
from cim.errors import BadInput, BadSource, MissingCrs
from cim.plugins import Batch, Source

BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class VectorFormat:
    """A GDAL vector driver: how to know its files, and whether a file of it says its own CRS."""

    name: str
    driver: str
    suffixes: tuple[str, ...]
    magic: bytes

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first bytes and the ending: either alone is not enough (SQLite is not GeoPackage, JSON not GeoJSON)."""
        return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(self.magic) and name.lower().endswith(self.suffixes)

    def read(self, source: Source) -> Iterator[Batch]:
        """Batches of up to 50,000 records; the index of each frame is the record's number in the file, from 1."""
        layer, count, told = self._open(source.location)
        stated = _stated_crs(source, told)
        done = 0
        while done < count:
            try:
                frame = pyogrio.read_dataframe(
                    source.location,
                    layer=layer,
                    skip_features=done,
                    max_features=BATCH_ROWS,
                    encoding=source.encoding,
                    on_invalid="ignore",  # a geometry GDAL cannot build arrives as None and is judged by the checks
                )
            except (DataSourceError, DataLayerError, UnicodeDecodeError, ValueError) as error:
                raise BadSource(f"{source.location}: unreadable after row {done}: {error}") from error
            if not len(frame):
                raise BadSource(f"{source.location}: {count} records declared, only {done} are there")
            frame.index = range(done + 1, done + len(frame) + 1)
            done += len(frame)
            yield Batch(frame.set_crs(None, allow_override=True), stated)

    def _open(self, location: str) -> tuple[str, int, str | None]:
        """The only layer's name, its record count, and the CRS that the file states."""
        try:
            layers = pyogrio.list_layers(location)
            if len(layers) != 1:
                raise BadSource(f"{location}: {len(layers)} layers ({', '.join(layers[:, 0])}); expected exactly one")
            layer = str(layers[0, 0])
            info = pyogrio.read_info(location, layer=layer, force_feature_count=True)
        except (DataSourceError, DataLayerError) as error:
            raise BadSource(f"{location}: not readable as {self.name}: {error}") from error
        if info["features"] == 0:
            raise BadSource(f"{location}: no records; expected at least one")
        told = info["crs"]
        if self.driver == "GeoJSON" and not _geojson_says_crs(location):
            told = None
        return layer, int(info["features"]), told


def _geojson_says_crs(location: str) -> bool:
    """Whether a GeoJSON file names its CRS. RFC 7946 presumes WGS 84, but Chinese web maps ship GCJ-02 without a word."""
    data = json.loads(Path(location).read_bytes())
    return isinstance(data, dict) and "crs" in data


def _stated_crs(source: Source, told: str | None) -> str:
    """The CRS of the file or of its owner; both must agree where both speak."""
    if told is None and source.crs is None:
        raise MissingCrs(
            f'{source.location}: states no CRS; write `crs = "..."` beside it in the city file. Likely: EPSG:4326 '
            "(GPS, OpenStreetMap), EPSG:4490 (survey offices), GCJ-02 (Chinese web maps; about 600 m off WGS 84)"
        )
    if told is None:
        return str(source.crs)
    try:
        known = frames.parse(told)
    except BadInput as error:
        raise BadSource(f"{source.location}: {error}") from error
    if source.crs is not None and source.crs != known and source.crs != frames.GCJ02 and source.crs != frames.BD09:
        raise BadSource(
            f"{source.location}: the file says {known}, the city file says {source.crs}; one of them is wrong"
        )
    # GCJ-02 and BD-09 have no EPSG code, so files in them wear WGS 84's: the owner's word wins.
    return source.crs if source.crs in (frames.GCJ02, frames.BD09) else known


GEOPACKAGE = VectorFormat("GeoPackage", "GPKG", (".gpkg",), b"SQLite format 3")
GEOJSON = VectorFormat("GeoJSON", "GeoJSON", (".geojson", ".json"), b"{")
