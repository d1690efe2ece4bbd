"""The analysts' face: one object that answers with GeoDataFrames, arrays and DataFrames.

twin = cim.open()
buildings = twin.read("buildings", division="平城区")
heights = twin.ground([113.288], [40.091])
"""

import dataclasses
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim import __version__
from cim import crs as frames
from cim.city import City
from cim.errors import BadInput, Unknown
from cim.exports import package
from cim.exports.order import Order
from cim.finding.outcome import Outcome, settle
from cim.geometry import moved
from cim.layers import LAYERS
from cim.settings import Settings, from_environment
from cim.store import catalogue, dem, embedded, features, history, places, series, things
from cim.store.db import Database
from cim.store.migrate import migrate
from cim.types import Box, FloatArray, silent


class Twin:
    """A city's model, read-only: layers, terrain, places, readings. Close it, or use it as a context manager."""

    def __init__(self, database: Database, city: City, data: Path) -> None:
        self.city = city
        self._database = database
        self._data = data

    def __enter__(self) -> "Twin":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Twin({self.city.name} {self.city.name_en}, {self.city.crs})"

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def layers(self) -> pd.DataFrame:
        """What is loaded: one row a layer, with its titles and how many features it has now."""
        with self._database.begin() as connection:
            counts = features.counts(connection)
        rows = [
            {"layer": one.name, "title": one.title, "title_en": one.title_en, "features": counts[one.name]}
            for one in LAYERS.values()
            if one.name in counts
        ]
        return pd.DataFrame(rows, columns=["layer", "title", "title_en", "features"])

    def read(
        self,
        layer: str,
        *,
        division: str | None = None,
        bbox: tuple[float, float, float, float] | None = None,
        limit: int | None = None,
        at: str | datetime | None = None,
        as_known_at: str | datetime | None = None,
    ) -> gpd.GeoDataFrame:
        """Features of a layer, in the city frame (metres), indexed by id.

        at: as the world was then (default: now); as_known_at: by what the model held then (default: now). Both take a
        UTC-aware time, or ISO 8601 text; a day means its midnight by the city's clock.
        division: name or code of a division the features intersect. bbox: west, south, east, north in degrees.
        Raises Unknown for a layer or division that does not exist, BadInput for a name that fits several divisions, and for
        a layer that has no features (devices, pixels, points of clouds): an empty answer would look as if there were none.
        """
        _require_features(layer)
        box = None if bbox is None else Box(*bbox)
        with self._database.begin() as connection:
            area = None if division is None else self._division(connection, division)
            found: list[dict[str, Any]] = []
            then, known = self._moment(at, "at"), self._moment(as_known_at, "as_known_at")
            for page in features.pages(connection, layer, bbox=box, within=area, at=then, as_known_at=known):
                found += page
                if limit is not None and len(found) >= limit:
                    found = found[:limit]
                    break
        names = [c.name for c in LAYERS[layer].columns]
        if not found:
            return gpd.GeoDataFrame({n: [] for n in names}, geometry=[], crs=self.city.crs)
        frame = gpd.GeoDataFrame.from_features(found, crs=frames.LONLAT)
        frame.index = pd.Index([f["id"] for f in found], name="id")
        return self._to_frame(frame)

    def ground(self, lon: Sequence[float], lat: Sequence[float]) -> FloatArray:
        """Ground heights (n,) in the city's height system at lon/lat degrees, bilinear in the finest DEM; NaN outside."""
        lonlat = np.column_stack([np.asarray(lon, float), np.asarray(lat, float)])
        with self._database.begin() as connection:
            return dem.heights(connection, lonlat)

    def find(self, q: str, limit: int = 10) -> pd.DataFrame:
        """Ranked candidates for a name or address, with the reason each was found."""
        with self._database.begin() as connection:
            return pd.DataFrame(places.search(connection, q, limit=limit))

    def geocode(self, addresses: Sequence[str], *, first: bool = False) -> gpd.GeoDataFrame:
        """What each address (a list, or a Series whose index is kept) came to, as points in lon/lat degrees.

        Columns: state (`found`, `partial`, `ambiguous`, `unplaced`, `none`), score 0..1, matched, why, candidates, id.
        One with several equally good places apart from each other has no point, unless first: then the first of them.
        """
        texts = ["" if not isinstance(one, str) else one for one in addresses]
        found: list[Outcome] = []
        with self._database.begin() as connection:
            geocoder = places.Geocoder(connection)
            for begin in range(0, len(texts), 1_000):
                answers = geocoder.answers(texts[begin : begin + 1_000])
                found += [settle(one.results, one.reason.code if one.reason else None, first=first) for one in answers]
        index = addresses.index if isinstance(addresses, pd.Series) else None
        columns = [field.name for field in dataclasses.fields(Outcome) if field.name not in ("lon", "lat")]
        table = pd.DataFrame({name: [getattr(one, name) for one in found] for name in columns}, index=index)
        points = [None if one.lon is None or one.lat is None else shapely.Point(one.lon, one.lat) for one in found]
        return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, index=table.index), crs=frames.LONLAT)

    def reverse(
        self,
        lon: float,
        lat: float,
        *,
        limit: int = 5,
        kinds: Sequence[str] = places.KINDS,
        radius_m: float = places.RADIUS_M,
    ) -> gpd.GeoDataFrame:
        """What lies nearest to a point (degrees) within radius_m, the nearest first: points in lon/lat with distance_m.

        Raises BadInput for a kind that is none of `division`, `building`, `address`, `place`, `street`.
        """
        with self._database.begin() as connection:
            found = places.reverse(connection, lon, lat, limit=limit, kinds=kinds, radius_m=radius_m)
        columns = ["id", "layer", "kind", "name", "address", "division", "lon", "lat", "why", "distance_m"]
        table = pd.DataFrame(found, columns=columns)
        points = gpd.points_from_xy(table["lon"].astype(float), table["lat"].astype(float))
        return gpd.GeoDataFrame(table, geometry=points, crs=frames.LONLAT)

    def sensors(self) -> gpd.GeoDataFrame:
        """Every datastream with its thing: name, kind, property, unit, thresholds; indexed by datastream id, lon/lat.

        Geometry is where the thing stands or was last seen, None for one never seen.
        """
        with self._database.begin() as connection:
            streams = _all(lambda after: things.datastreams(connection, after=after, limit=1000))
            places = {t["id"]: t for t in _all(lambda after: things.things(connection, after=after, limit=1000))}
        index = pd.Index([s["id"] for s in streams], name="datastream_id", dtype="int64")
        frame = pd.DataFrame(streams, index=index, columns=things.DATASTREAM)
        points = [
            None if places[t]["lon"] is None else shapely.Point(places[t]["lon"], places[t]["lat"])
            for t in frame["thing_id"]
        ]
        return gpd.GeoDataFrame(frame.drop(columns="id"), geometry=points, crs=frames.LONLAT)

    def readings(self, datastream: int, start: datetime, end: datetime) -> pd.Series:
        """A datastream's results between two UTC-aware times, indexed by time in the city's time zone."""
        for when in (start, end):
            if when.tzinfo is None:
                raise BadInput(f"readings: {when} has no time zone; expected one such as datetime.now(timezone.utc)")
        with self._database.begin() as connection:
            rows = series.between(connection, datastream, start, end)
        index = pd.DatetimeIndex([row[0] for row in rows], tz="UTC", name="time").tz_convert(self.city.time_zone)
        return pd.Series([row[1] for row in rows], index=index, dtype=float, name="result")

    def versions(self, dataset: str | None = None) -> pd.DataFrame:
        """Every version of a dataset (default: of all), the newest first: what each brought, and when it was published."""
        with self._database.begin() as connection:
            found = pd.DataFrame(catalogue.versions(connection, dataset))
        return found.drop(columns="raster", errors="ignore").set_index("id") if len(found) else found

    def diff(self, first: int, second: int) -> gpd.GeoDataFrame:
        """What changed from one version of a dataset to another: one row an object, lon/lat, with `change` and `changed`.

        Raises Unknown for a version that was never published, BadInput for versions of two datasets.
        """
        with self._database.begin() as connection:
            rows = list(history.diff(connection, first, second).features)
        shapes = [None if row["geometry"] is None else shapely.geometry.shape(row["geometry"]) for row in rows]
        index = pd.Index([row["id"] for row in rows], name="id", dtype="int64")
        table = pd.DataFrame([row["properties"] for row in rows], index=index)
        return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=index), crs=frames.LONLAT)

    def export(
        self,
        to: str | Path,
        *,
        layers: Sequence[str] = (),
        datasets: Sequence[str] = (),
        version: int | None = None,
        formats: Sequence[str] = ("gpkg",),
        crs: str | None = None,
        encoding: str | None = None,
        bbox: tuple[float, float, float, float] | None = None,
        at: str | datetime | None = None,
        as_known_at: str | datetime | None = None,
        by: str | None = None,
    ) -> pd.DataFrame:
        """Write layers (as shown) and datasets (as a version made them) to a new folder, or a new archive `*.zip`.

        Neither named: every layer, and the rasters as delivered. formats: gpkg, parquet, fgb, geojson, geojsonseq, csv,
        shp; of buildings cityjson, cityjsonseq. crs: default the city frame. Returns one row a table with its file, count
        and losses; the manifest beside the files says the rest. Raises Conflict where `to` is there already, Unknown or
        BadInput for what cannot be.
        """
        order = Order(
            layers=tuple(layers),
            datasets=tuple(datasets),
            version=version,
            formats=tuple(formats),
            crs=crs,
            encoding=encoding,
            bbox=None if bbox is None else Box(*bbox),
            at=self._moment(at, "at"),
            known=self._moment(as_known_at, "as_known_at"),
            by=by,
        )
        software = f"datong-cim {__version__}"
        found = package.write(
            self._database,
            self.city,
            order,
            Path(to).absolute(),
            silent,
            clock=lambda: datetime.now(UTC),
            software=software,
        )
        rows = [(e.name, e.layer, e.format, e.files[0].path, e.records, dict(e.losses)) for e in found.entries]
        return pd.DataFrame(rows, columns=["name", "layer", "format", "file", "records", "losses"])

    def _moment(self, stated: str | datetime | None, name: str) -> datetime | None:
        if stated is None or (isinstance(stated, datetime) and stated.tzinfo is not None):
            return stated
        try:
            found = datetime.fromisoformat(str(stated))
        except ValueError:
            raise BadInput(f"{name}={stated!r}: expected a day or ISO 8601 such as 2026-05-01T08:00:00+08:00") from None
        return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(self.city.time_zone))

    def _division(self, connection: Any, name: str) -> shapely.Geometry:
        found = features.named(connection, "divisions", name)
        if not found:
            raise Unknown(f"no division is called or coded {name!r}")
        if len(found) > 1:
            raise BadInput(
                f"{name!r} fits {len(found)} divisions; give one of the codes {', '.join(f[0] for f in found)}"
            )
        return found[0][1]

    def _to_frame(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = frame.geometry.to_numpy()
        found = moved(shapes, lambda xy: frames.transform(xy, frames.LONLAT, self.city.crs))
        return frame.set_geometry(gpd.GeoSeries(found, index=frame.index)).set_crs(self.city.crs, allow_override=True)


def _require_features(layer: str) -> None:
    """Raises BadInput for a layer whose data are no features, naming what answers instead."""
    if layer in ("stations", "vehicles"):
        raise BadInput(
            f"layer {layer} holds devices: twin.sensors() lists them, twin.readings() gives what they measured"
        )
    if LAYERS[layer].geometry in ("raster", "points"):
        raise BadInput(f"layer {layer} has no features: twin.ground() samples heights, twin.export() copies the files")


def _all(page: Callable[[int | None], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Every row of a store function that answers in pages by ascending id."""
    rows: list[dict[str, Any]] = []
    while more := page(rows[-1]["id"] if rows else None):
        rows += more
    return rows


def open_twin(url: str | None = None, settings: Settings | None = None) -> Twin:
    """The twin of these settings (default: of the environment), its private database started if need be."""
    settings = settings or from_environment(os.environ, Path.cwd())
    city = settings.city()
    address = url or settings.database_url or embedded.ensure_cluster(settings.data, silent)
    database = Database(address, pool_size=2)
    migrate(database, city)
    return Twin(database, city, settings.data)
