"""Rasters on their way in: looked at, held to lie in the city, and catalogued where they are; their pixels stay there."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from cim import crs as frames
from cim.city import City
from cim.errors import BadInput, BadSource
from cim.layers import LAYERS
from cim.plugins import Raster, Source
from cim.store import catalogue, publication, versions
from cim.store.db import Database
from cim.types import Report
from cim.whereabouts import candidates, sentence
from loaders.files import recognise, refuse_changed
from loaders.job import Load, Preview


def load(database: Database, job: Load, elapsed: Callable[[], float]) -> Report:
    """Publish a raster as a dataset's new version. Raises BadSource or BadInput with its name, Preview for a preview."""
    source, files = job.source, job.files
    if len(files) != 1:
        raise BadSource(f"{source.location}: {len(files)} files; a raster dataset is one file: give each its own name")
    if source.heights != "1985":
        raise BadInput(
            f"{source.location}: heights = {source.heights!r}: a raster's heights are taken as they are; "
            "bring them to the city's datum first (gdalwarp -s_srs ... -t_srs EPSG:4547+5737)"
        )
    file = files[0]
    raster = next(iter(recognise(file.path).read(_placed(job, file.path))))
    if not isinstance(raster, Raster):
        raise BadSource(f"{file.path}: holds records, but layer {LAYERS[source.layer].name} is a raster")
    _refuse_outside(raster, job.city)
    refuse_changed(files)
    report = Report(job.dataset, source.location, 1, 1, 0, 0, seconds=round(elapsed(), 3), version=job.version_id)
    if job.preview:
        raise Preview(replace(report, preview=True, version=None))
    note = {**asdict(raster), "path": raster.location, "size": file.size, "mtime_ns": file.mtime_ns}
    note["sha256"] = file.checksum
    with database.begin() as connection:
        at = publication.stamp(connection)
        origin = versions.SourceFile(1, str(file.path), file.checksum, file.size)
        versions.note_file(connection, job.version_id, origin)
        catalogue.settle_due(connection, job.dataset_id)
        versions.publish(connection, job.version_id, report, raster.crs, at, note)
    return report


def _placed(job: Load, path: Path) -> Source:
    """The source as a reader wants it: with its file, and the city that it ought to lie in."""
    return replace(job.source, location=str(path), city=(job.city.extent, job.city.crs))


def _refuse_outside(raster: Raster, city: City) -> None:
    """A raster that does not meet the city's extent is another city's, or its CRS is misstated."""
    west, south, east, north = raster.bounds
    corners = np.array([[x, y] for x in np.linspace(west, east, 9) for y in np.linspace(south, north, 9)])
    lonlat = frames.transform(corners, raster.crs, frames.LONLAT)
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    e = city.extent
    if not (low[0] <= e.east and high[0] >= e.west and low[1] <= e.north and high[1] >= e.south):
        raise BadInput(
            f"{raster.location}: lies at {low[0]:.3f}..{high[0]:.3f} E, {low[1]:.3f}..{high[1]:.3f} N when read as "
            f"{raster.crs[:40]}, outside the city ({e.west}..{e.east} E, {e.south}..{e.north} N); its coordinates could be "
            f"{sentence(candidates(corners, city.extent, city.crs))}"
        )
