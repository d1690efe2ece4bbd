"""`cim contours`: contour lines of the loaded elevation models, written as a GeoPackage and loaded like any other source."""

import argparse
import time

import numpy as np

from api.commands.load import summary
from api.connection import connect
from api.terminal import Terminal
from cim import crs as frames
from cim.city import City
from cim.errors import BadInput
from cim.settings import Settings
from cim.source_entry import Card, NamedSource
from cim.store import catalogue, dem
from cim.store.db import Database
from cim.types import Box
from loaders import pipeline
from loaders.derived import contours


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; what was drawn before and is not drawn this time is no longer in the dataset."""
    derive(settings, connect(settings, terminal), terminal, parsed.interval, parsed.step)
    return 0


def derive(settings: Settings, database: Database, terminal: Terminal, interval: float, step: float | None) -> None:
    """The lines as the dataset `contours`. Raises BadInput where no elevation model is loaded, or nothing rises so much."""
    city = settings.city()
    path = settings.data / "derived" / "contours.gpkg"
    with database.begin() as connection:
        models = catalogue.published(connection, layer="dem")
        parts = dem.rasters(connection, "dem")
        if not parts:
            raise BadInput("no elevation model is loaded; load a source of layer dem first")
        boxes = np.array([_box(part, city) for part in parts])
        box = Box(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
        apart = contours.step_for(box, float(parts[0]["pixel_m"])) if step is None else step
        with terminal.stage(f"contours every {interval:g} m, heights every {apart:g} m"):
            lines = contours.derive(
                *(box, city.crs, lambda lonlat: dem.heights(connection, lonlat), interval, apart, terminal.progress)
            )
            contours.write(lines, path)
    entry = contours.source(path, city.crs, [(v.dataset, v.id) for v in models], interval, apart)
    named = NamedSource(contours.DATASET, entry, Card(title="等高线"))
    terminal.line(summary(pipeline.load(database, named, path, city, terminal.progress, time.monotonic)))


def _box(part: dict[str, object], city: City) -> tuple[float, float, float, float]:
    """West, south, east, north of a raster in the city frame, no further than the city reaches."""
    west, south, east, north = (float(v) for v in part["bounds"])  # type: ignore[attr-defined]
    points = np.array([[x, y] for x in np.linspace(west, east, 9) for y in np.linspace(south, north, 9)])
    lonlat = frames.transform(points, str(part["crs"]), frames.LONLAT)
    e = city.extent
    inside = np.clip(lonlat, [e.west, e.south], [e.east, e.north])
    xy = frames.transform(inside, frames.LONLAT, city.crs)
    return (*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist())
