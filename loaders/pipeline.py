"""The way in: read -> state CRS -> reproject -> check -> COPY -> publish, for one source at a time.

Everything that a load changes it changes in one transaction, so a reader sees the old version or the new one, and a run
that dies at any moment leaves the old one standing.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import geopandas as gpd
import numpy as np

from cim import crs as frames
from cim.city import City, NamedSource
from cim.errors import BadInput, BadSource, CimError
from cim.layers import LAYERS
from cim.plugins import Batch, Layer, Raster, Source, SourceFormat
from cim.store import bus, catalogue, features, places, staging
from cim.store.db import Connection, Database
from cim.types import Issue, Progress, Report
from loaders import devices
from loaders.checks import Checked, check
from loaders.place_names import places as named_places
from loaders.sources import SOURCES

# Part of every fingerprint: raise it when the same file would now be let in differently.
LOADER_VERSION = 1

# Issues kept one by one in a report, so that memory does not grow with what is wrong; the counts by code are always whole.
ISSUES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Load:
    """One load under way: what is being loaded, where its version stands."""

    dataset: str
    source: Source
    layer: Layer
    city: City
    dataset_id: int
    version_id: int


def load(
    database: Database, named: NamedSource, path: Path, city: City, progress: Progress, clock: Callable[[], float]
) -> Report:
    """Load one source and publish it as the dataset's new version; an unchanged one is left as it is.

    path: where the source lies. clock: seconds, for the report only. Raises BadSource, MissingCrs or BadInput with the
    file's name (nothing is published, what was published stands), Unavailable or NoSpace for the store.
    """
    layer = LAYERS[named.source.layer]
    source = replace(named.source, location=str(path))
    began = clock()
    checksum = _checksum(path)
    fingerprint = _fingerprint(checksum, named.source, layer, city)
    with database.begin() as connection:
        held = catalogue.published(connection, dataset=named.name)
        if held and held[0].fingerprint == fingerprint:
            return _unchanged(held[0])
        dataset_id, version_id = catalogue.start(
            connection, named.name, layer, named.source.location, checksum, fingerprint
        )
    job = Load(named.name, source, layer, city, dataset_id, version_id)
    try:
        batches = recognise(path).read(source)
        first = next(iter(batches := iter(batches)))
        if isinstance(first, Raster):
            return _load_raster(database, job, first, clock() - began)
        return _load_vector(database, job, chain([first], batches), progress, lambda: clock() - began)
    except CimError as error:
        _record_failure(database, job, error)
        raise


def recognise(path: Path) -> SourceFormat:
    """The format of a file, by its first bytes and name. Raises BadSource if it is absent, empty or of no known one."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error
    if not head:
        raise BadSource(f"{path}: the file is empty; expected one of {', '.join(SOURCES)}")
    for candidate in SOURCES.values():
        if candidate.sniff(head, path.name):
            return candidate
    raise BadSource(f"{path}: not recognised by its first bytes and name; expected one of {', '.join(SOURCES)}")


def _load_raster(database: Database, job: Load, raster: Raster, seconds: float) -> Report:
    if job.layer.geometry != "raster":
        raise BadSource(f"{raster.location}: a raster, but layer {job.layer.name} holds {job.layer.geometry}s")
    _refuse_outside(raster, job.city)
    report = Report(job.dataset, job.source.location, 1, 1, 0, 0, seconds=round(seconds, 3))
    with database.begin() as connection:
        catalogue.claim(connection, job.dataset)
        stat = Path(raster.location).stat()
        note = {**asdict(raster), "path": raster.location, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        catalogue.publish(connection, job.version_id, report, raster.crs, note)
    return report


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
            f"{raster.crs[:40]}, outside the city ({e.west}..{e.east} E, {e.south}..{e.north} N)"
        )


def _load_vector(
    database: Database,
    job: Load,
    batches: Iterator[Batch | Raster],
    progress: Progress,
    elapsed: Callable[[], float],
) -> Report:
    """Stage every batch, then publish or refuse, in one transaction."""
    report = Report(job.dataset, job.source.location, 0, 0, 0, 0)
    seen: set[str] = set()
    found: list[gpd.GeoDataFrame] = []
    crs = ""
    with database.begin() as connection:
        catalogue.claim(connection, job.dataset)
        staging.create(connection, job.layer)
        places.create(connection)
        for batch in batches:
            if isinstance(batch, Raster) or job.layer.geometry == "raster":
                raise BadSource(f"{job.source.location}: holds records, but layer {job.layer.name} is a raster")
            checked = check(batch, job.source, job.layer, job.city, seen)
            _stage(connection, job, checked, found)
            report = _add(report, len(batch.frame), checked)
            crs = batch.crs
            progress(report.read, None, f"{job.dataset}: {report.accepted} accepted, {report.rejected} rejected")
        report = replace(report, seconds=round(elapsed(), 3))
        refusal = _refusal(report, job.city)
        if refusal is None:
            _publish(connection, job, report, crs, found)
        else:
            catalogue.fail(connection, job.version_id, report)
    if refusal is not None:
        raise BadInput(refusal)
    return report


def _stage(connection: Connection, job: Load, checked: Checked, found: list[gpd.GeoDataFrame]) -> None:
    """Set a batch aside until the whole source is judged: devices in `found`, everything else in the staging table."""
    if job.layer.name in devices.LAYERS:
        found.append(checked.frame)
    elif len(checked.frame):
        staging.copy(connection, job.layer, checked.frame, job.city.srid)
        places.stage(connection, named_places(job.layer, checked.frame))
    if checked.rejected:
        catalogue.quarantine(connection, job.version_id, checked.rejected)


def _publish(connection: Connection, job: Load, report: Report, crs: str, found: list[gpd.GeoDataFrame]) -> None:
    """Make the source the dataset's state. What is told on the bus comes last: it holds the bus until the commit."""
    if job.layer.name in devices.LAYERS:
        moved = [id for frame in found for id in devices.register(connection, job.layer, frame, job.city)]
        bus.tell(connection, "observation", sorted(set(moved)))
    else:
        features.publish(connection, job.layer, job.dataset_id, job.version_id)
        places.publish(connection, job.layer.name, job.dataset_id)
    catalogue.publish(connection, job.version_id, report, crs, None)


def _add(report: Report, read: int, checked: Checked) -> Report:
    repaired = {issue.row for issue in checked.issues if issue.repaired is not None}
    rejected = len(checked.rejected)
    return replace(
        report,
        read=report.read + read,
        accepted=report.accepted + read - rejected,
        repaired=report.repaired + len(repaired - {r.row for r in checked.rejected}),
        rejected=report.rejected + rejected,
        issues=report.issues + checked.issues[: max(0, ISSUES_KEPT - len(report.issues))],
        codes=_counted(report.codes, checked.issues),
    )


def _counted(codes: Mapping[str, int], issues: Sequence[Issue]) -> dict[str, int]:
    return dict(Counter(codes) + Counter(issue.code for issue in issues))


def _refusal(report: Report, city: City) -> str | None:
    """Why this load may not be published, if it may not."""
    share = city.limits.max_rejected_share
    if report.read and report.rejected > share * report.read:
        codes = ", ".join(f"{code} {n}" for code, n in sorted(report.codes.items(), key=lambda kv: -kv[1])[:4])
        return (
            f"{report.source}: {report.rejected} of {report.read} records rejected ({codes}), more than the "
            f"{share:.0%} that the city file allows; nothing of it was published"
        )
    return None


def _record_failure(database: Database, job: Load, error: CimError) -> None:
    """Note in the catalogue why a load ended; if the store itself is away, the next run marks it failed."""
    report = Report(job.dataset, job.source.location, 0, 0, 0, 0, (Issue(error.code, str(error)),), {error.code: 1})
    try:
        with database.begin() as connection:
            if not catalogue.is_ended(connection, job.version_id):
                catalogue.fail(connection, job.version_id, report)
    except CimError:
        return


def _unchanged(version: catalogue.Version) -> Report:
    counts = version.report or {}
    return Report(
        dataset=version.dataset,
        source=version.location,
        read=int(counts.get("read", 0)),
        accepted=int(counts.get("accepted", 0)),
        repaired=int(counts.get("repaired", 0)),
        rejected=int(counts.get("rejected", 0)),
        unchanged=True,
    )


def _checksum(path: Path) -> str:
    """sha256 of the source's bytes, read in pieces."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise BadSource(f"{path}: no such file; the city file names it as a source") from error
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error


def _fingerprint(checksum: str, source: Source, layer: Layer, city: City) -> str:
    """Of everything that decides what is let in: the bytes, what their owner states, the checks and the frame."""
    stated = [
        checksum,
        asdict(source),
        asdict(layer),
        asdict(city.limits),
        city.crs,
        asdict(city.extent),
        LOADER_VERSION,
    ]
    return hashlib.sha256(json.dumps(stated, sort_keys=True, default=str).encode()).hexdigest()
