"""Rasters on their way in: looked at, held to lie in the city, brought to one form where they need it, and catalogued.

A GeoTIFF of heights in metres of the city's datum, and any picture that is placed, stays where it is: only its address is
kept. What must be brought to another form first (many sheets of heights, other formats, feet, ellipsoidal heights, images
by control points) is written into the data folder as GeoTIFF, named by what it was made from.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cim import crs as frames
from cim import file_parts
from cim.city import City
from cim.errors import BadInput, BadSource
from cim.layers import LAYERS
from cim.plugins import Raster, Source
from cim.store import catalogue, publication, versions
from cim.store.db import Database
from cim.types import Issue, Progress, Report
from cim.whereabouts import candidates, sentence
from loaders.delivery.files import File, recognise, refuse_changed
from loaders.job import Load, Preview
from loaders.raster import control_points, ground_flaws, height_mosaic, leftovers, picture_bands

HEIGHTS = ("dem", "dsm")
"""Layers whose pixels are heights; those of others are colours."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a delivery came to: its rasters as they are used from now on, what was remarked, and how pictures are shown."""

    parts: tuple[Raster, ...]
    issues: tuple[Issue, ...]
    stretch: tuple[float, float] | None = None


def load(database: Database, job: Load, progress: Progress, elapsed: Callable[[], float]) -> Report:
    """Publish rasters as a dataset's new version. Raises BadSource or BadInput with a name, Preview for a preview."""
    sheets = []
    for file in job.files:
        sheet = next(iter(recognise(file.path).read(_placed(job, file.path))))
        if not isinstance(sheet, Raster):
            raise BadSource(f"{file.path}: holds records, but layer {LAYERS[job.source.layer].name} is a raster")
        _refuse_outside(sheet, job.city)
        sheets.append(sheet)
        progress(len(sheets), len(job.files), f"{job.dataset}: rasters looked at")
    with nullcontext() if job.data is None or job.preview else leftovers.writing(job.data / "rasters"):
        return _settled(database, job, sheets, progress, elapsed)


def _settled(
    database: Database, job: Load, sheets: Sequence[Raster], progress: Progress, elapsed: Callable[[], float]
) -> Report:
    """Bring rasters to the form they are used in, and publish them."""
    settled = _heights(job, sheets, progress) if job.layer.name in HEIGHTS else _pictures(job, sheets)
    refuse_changed(job.files)
    report = replace(_report(job, settled.issues), seconds=round(elapsed(), 3))
    if job.preview:
        raise Preview(replace(report, preview=True, version=None))
    note = _note(sheets, settled, job.files)
    with database.begin() as connection:
        at = publication.stamp(connection)
        for row, file in enumerate(job.files, 1):
            versions.note_file(
                connection, job.version_id, versions.SourceFile(row, str(file.path), file.checksum, file.size)
            )
        catalogue.settle_due(connection, job.dataset_id)
        versions.publish(connection, job.version_id, report, settled.parts[0].crs, at, note)
    return report


def _heights(job: Load, sheets: Sequence[Raster], progress: Progress) -> Settled:
    """Sheets of heights: as they are where one GeoTIFF says metres of the city's datum, else put together anew."""
    many = next((s for s in sheets if s.bands > 1), None)
    if many is not None:
        raise BadSource(f"{many.location}: {many.bands} bands; an elevation model has one")
    issues = [issue for row, sheet in enumerate(sheets, 1) for issue in _remarks(job, sheet, row)]
    warped, found = _by_control_points(job, sheets)
    as_is = len(warped) == 1 and job.source.heights == "1985" and _is_plain(warped[0])
    if as_is or job.preview:
        parts = list(warped)
    else:
        _refuse_offset(warped)
        if job.source.heights == "ellipsoidal" and job.geoid is None:
            raise BadInput(f"{job.source.location}: ellipsoidal heights need a geoid, and this load was given none")
        parts = []
        for group in height_mosaic.fineness(warped):
            target = _place(job, group)
            parts.append(height_mosaic.write(group, target, job.source.heights, job.geoid, progress))
    flaws = [] if job.preview and not as_is else ground_flaws.find(parts)
    return Settled(tuple(parts), (*issues, *found, *flaws))


def _is_plain(sheet: Raster) -> bool:
    return sheet.driver == "GTiff" and sheet.unit_m == 1.0 and sheet.is_upright


def _refuse_offset(sheets: Sequence[Raster]) -> None:
    for sheet in sheets:
        if sheet.crs in (frames.GCJ02, frames.BD09):
            raise BadSource(
                f"{sheet.location}: sheets in {sheet.crs} cannot be put together; bring them to a survey CRS"
            )


def _remarks(job: Load, sheet: Raster, row: int) -> list[Issue]:
    """What is done about units and datums of heights. Raises BadSource where file and owner contradict each other."""
    stated, said = job.source.heights, sheet.vertical
    if said == frames.ELLIPSOIDAL and stated != "ellipsoidal":
        raise BadSource(
            f'{sheet.location}: its CRS says that its heights are ellipsoidal; write `heights = "ellipsoidal"` beside it'
        )
    if said not in (None, frames.ELLIPSOIDAL) and stated == "ellipsoidal":
        raise BadSource(
            f"{sheet.location}: its CRS says that its heights count from {said}, the city file: ellipsoidal"
        )
    found = []
    if sheet.unit_m != 1.0:
        found.append(Issue("height_unit", f"heights in units of {sheet.unit_m:.9g} m", row, repaired="made metres"))
    if stated == "ellipsoidal":
        how = "lowered by the geoid" + ("" if job.geoid is None else f" ({job.geoid.approximate})")
        found.append(Issue("ellipsoidal_heights", "heights over the WGS 84 ellipsoid", row, repaired=how))
    if said not in (None, frames.ELLIPSOIDAL, job.city.height_datum):
        told = f"heights count from {said[:40]}, the city's from {job.city.height_datum}: taken as they are"
        found.append(Issue("height_datum", told, row))
    return found


def _pictures(job: Load, sheets: Sequence[Raster]) -> Settled:
    """Pictures stay where they are, except those that only control points place."""
    if job.source.heights != "1985":
        raise BadInput(f"{job.source.location}: heights = {job.source.heights!r}: a picture has no heights")
    _refuse_offset(sheets)
    foreign = next((s for s in sheets if s.driver != "GTiff"), None)
    if foreign is not None:
        raise BadSource(f"{foreign.location}: a grid of heights, but layer {job.layer.name} holds pictures")
    issues = [issue for row, sheet in enumerate(sheets, 1) for issue in picture_bands.remarks(sheet, row)]
    stretch = None
    if any(sheet.dtype != "uint8" for sheet in sheets):
        if not all(sheet.dtype != "uint8" for sheet in sheets):
            raise BadSource(f"{job.source.location}: some sheets have 8 bits, others more; deliver them apart")
        stretch = job.source.stretch or picture_bands.range_of(sheets)
        how = "as the city file states" if job.source.stretch else "the 2nd and 98th percentile of all bands"
        told = f"{sheets[0].dtype} values {stretch[0]:g} to {stretch[1]:g} ({how}) are shown as 0 to 255"
        issues.append(Issue("values_stretched", told, repaired="stretched"))
    warped, found = _by_control_points(job, sheets)
    return Settled(tuple(warped), (*issues, *found), stretch)


def _by_control_points(job: Load, sheets: Sequence[Raster]) -> tuple[list[Raster], list[Issue]]:
    """The sheets, those that only control points place warped by them, and how well they fit."""
    found: list[Issue] = []
    placed = []
    for row, sheet in enumerate(sheets, 1):
        if not sheet.control_points:
            placed.append(sheet)
            continue
        fitted = control_points.of(sheet, job.city.crs)
        error = "no point left to check it" if fitted.error_m is None else f"standard error {fitted.error_m:.2f} m"
        told = f"{len(sheet.control_points)} control points, polynomial of order {fitted.order}: {error}"
        found.append(Issue("warped_by_control_points", told, row, repaired="warped"))
        warped = (
            sheet if job.preview else control_points.warp(sheet, fitted, job.city.crs, _place(job, [sheet], "warped"))
        )
        placed.append(warped)
    return placed, found


def _place(job: Load, sheets: Sequence[Raster], what: str = "settled") -> Path:
    """Where a raster made of these sheets lies: its name is the hash of all that decides its pixels."""
    if job.data is None:
        raise BadInput(
            f"{job.source.location}: must be brought to another form, and this load has no data folder for it"
        )
    sums = {str(file.path): file.checksum for file in job.files}
    parts = [[sums.get(s.location, s.location), s.crs, s.unit_m] for s in sheets]
    geoid = None if job.geoid is None or job.source.heights == "1985" else job.geoid.approximate
    text = json.dumps([what, parts, job.source.heights, geoid, job.city.crs], ensure_ascii=False)
    return job.data / "rasters" / f"{job.dataset}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.tif"


def _report(job: Load, issues: Sequence[Issue]) -> Report:
    """Sheets are its records: read and accepted all, or the load would have been refused."""
    codes: dict[str, int] = {}
    for issue in issues:
        codes[issue.code] = codes.get(issue.code, 0) + 1
    mended = {issue.row or 1 for issue in issues if issue.repaired}
    noted = {issue.row or 1 for issue in issues} - mended
    count = len(job.files)
    return Report(
        *(job.dataset, job.source.location, count, count, len(mended), 0, tuple(issues[:1000]), codes),
        noted=len(noted),
        version=job.version_id,
    )


def _note(sheets: Sequence[Raster], settled: Settled, files: Sequence[File]) -> Mapping[str, Any]:
    """What the catalogue keeps: the finest raster (or the box of all), and every part with its file as it is now."""
    delivered = {str(file.path): file for file in files}
    parts = [_part(part, delivered.get(part.location)) for part in settled.parts]
    finest = min(parts, key=lambda part: float(part["pixel_m"]))
    note = {**finest, "parts": parts, "sheets": len(sheets), "delivered": sheets[0].driver, "stretch": settled.stretch}
    if len(parts) > 1:
        note["bounds"] = _box(settled.parts, str(finest["crs"]))
        note["size"] = sum(int(part["size"]) for part in parts)
    return note


def _part(part: Raster, delivered: File | None) -> dict[str, Any]:
    held = {key: value for key, value in asdict(part).items() if key != "control_points"}
    if held["nodata"] is not None and not np.isfinite(held["nodata"]):
        held["nodata"] = str(held["nodata"])  # JSON has no NaN
    some = file_parts.parts(Path(part.location))
    size, mtime_ns = file_parts.state(some)
    checksum = delivered.checksum if delivered is not None else file_parts.checksum(some)
    return {**held, "path": part.location, "size": size, "mtime_ns": mtime_ns, "checksum": checksum}


def _box(parts: Sequence[Raster], crs: str) -> list[float]:
    """The bounds of all parts in one frame."""
    corners = np.concatenate([_grid(part, crs) for part in parts])
    return [*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()]


def _grid(raster: Raster, crs: str) -> np.ndarray:
    """Points (81, 2) over a raster in a frame: its edges bend there."""
    west, south, east, north = raster.bounds
    points = np.array([[x, y] for x in np.linspace(west, east, 9) for y in np.linspace(south, north, 9)])
    return frames.transform(points, raster.crs, crs)


def _placed(job: Load, path: Path) -> Source:
    """The source as a reader wants it: with its file, and the city that it ought to lie in."""
    return replace(job.source, location=str(path), city=(job.city.extent, job.city.crs))


def _refuse_outside(raster: Raster, city: City) -> None:
    """A raster that does not meet the city's extent is another city's, or its CRS is misstated."""
    lonlat = _grid(raster, frames.LONLAT)
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    e = city.extent
    if not (low[0] <= e.east and high[0] >= e.west and low[1] <= e.north and high[1] >= e.south):
        raise BadInput(
            f"{raster.location}: lies at {low[0]:.3f}..{high[0]:.3f} E, {low[1]:.3f}..{high[1]:.3f} N when read as "
            f"{raster.crs[:40]}, outside the city ({e.west}..{e.east} E, {e.south}..{e.north} N); its coordinates could be "
            f"{sentence(candidates(_grid(raster, raster.crs), city.extent, city.crs))}"
        )
