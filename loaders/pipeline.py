"""The way in: read -> state CRS -> reproject -> check -> stage -> judge the whole -> publish, for one source at a time.

Staging is committed batch by batch, so that a run which dies can be gone on with; what the model is changes in one
transaction at the end, so that a reader sees the old version or the new one, and a dead run leaves the old one standing.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from cim.city import City
from cim.errors import BadInput, CimError
from cim.geoid import Geoid
from cim.layers import LAYERS
from cim.plugins import Layer, Source
from cim.source_entry import NamedSource
from cim.store import catalogue, versions
from cim.store.db import Connection, Database
from cim.types import Issue, Progress, Report
from loaders import collector, devices
from loaders.delivery.deliveries import Arrived, beside
from loaders.delivery.files import recognise
from loaders.job import Load, Preview
from loaders.judging.agreement import refuse_strange
from loaders.judging.attributes import moment
from loaders.judging.ground import editions
from loaders.progress import Pace
from loaders.raster import point_clouds, rasters
from loaders.run import Run
from loaders.sources.mesh_model import refuse_anchored

__all__ = ["LOADER_VERSION", "load", "recognise"]

# Part of every fingerprint: raise it when the same file would now be let in differently.
LOADER_VERSION = 3


def load(
    database: Database,
    named: NamedSource,
    path: Path | Arrived,
    city: City,
    progress: Progress,
    clock: Callable[[], float],
    *,
    geoid: Geoid | None = None,
    preview: bool = False,
    data: Path | None = None,
) -> Report:
    """Load one source and publish it as the dataset's new version; a delivery that was taken already is left as it is.

    path: where the source lies, a pattern or folder of files that are one delivery, or a delivery that was fetched or
    unpacked. clock: seconds, for the report and the time left. geoid: for sources with ellipsoidal heights. preview: say
    what would change, and change nothing. data: the data folder, for rasters that must be brought to another form. Raises
    BadSource, MissingCrs or BadInput with the file's name (nothing is published, what was published stands), Conflict while
    another run loads the dataset, Unavailable or NoSpace for the store: the next run goes on where this one stopped.
    """
    layer = LAYERS[named.source.layer]
    came = path if isinstance(path, Arrived) else beside(path)
    source = _located(named.source, came)
    began, since = clock(), _since(source, layer, city)
    with versions.claimed(database, named.name):
        with database.begin() as connection:
            fingerprint = _fingerprint(came.checksum, source, layer, city, preview, editions(connection, layer))
            id = catalogue.register(connection, named.name, layer, named.card)
            held = None if preview else _held(connection, named.name, fingerprint)
            if held is not None:
                catalogue.settle_due(connection, id)
                return _unchanged(held)
            begun = versions.begin(
                connection,
                id,
                layer,
                checksum=came.checksum,
                fingerprint=fingerprint,
                location=source.location,
                mode=source.mode,
                valid_from=since,
                card=named.card,
                resumable=layer.name not in devices.LAYERS and not preview,
                tentative=preview,
            )
        job = Load(named.name, source, layer, city, geoid, came.files, since, id, begun.version_id, preview, data)
        pace = Pace(progress, clock, sum(file.size for file in came.files))
        return _carry_out(database, job, begun, pace, lambda: clock() - began)


def _located(source: Source, came: Arrived) -> Source:
    """The source where its delivery lies. Raises BadInput where an anchor or an axis is stated of what is no mesh model.

    A list of what ended may be of any format: nothing is placed by it.
    """
    is_stated = source.mode != "terminate" and (source.anchor is not None or source.up is not None)
    for file in came.files if is_stated else ():
        refuse_anchored(recognise(file.path), source, file.path)
    return replace(source, location=came.location)


def _held(connection: Connection, dataset: str, fingerprint: str) -> catalogue.Version | None:
    """The version that took this delivery already, if what it made of it is still there: rasters lie in the data folder."""
    found = catalogue.delivered(connection, dataset, fingerprint)
    parts = [] if found is None else (found.raster or {}).get("parts", [])
    return found if all(Path(str(part["path"])).is_file() for part in parts) else None


def _since(source: Source, layer: Layer, city: City) -> datetime | None:
    """From when on the world is as delivered.

    Raises BadInput for a day that is none and a mode that the layer has not, BadSettings where the city file's limits name
    what there is not.
    """
    refuse_strange(city)
    if layer.name in devices.LAYERS and source.mode != "replace":
        raise BadInput(
            f"{source.location}: mode {source.mode!r}: {layer.name} are registered one by one; expected replace"
        )
    return None if source.valid_from is None else moment(source.valid_from, city.time_zone)


def _carry_out(
    database: Database, job: Load, begun: versions.Begun, pace: Pace, elapsed: Callable[[], float]
) -> Report:
    """Load what was begun; a preview leaves nothing behind, a refusal its reasons."""
    try:
        if job.layer.geometry == "raster":
            return rasters.load(database, job, pace.progress, elapsed)
        if job.layer.geometry == "points":
            return point_clouds.load(database, job, elapsed)
        run = Run(database, job, begun.progress)
        with collector.seldom():
            run.read(pace)
        return run.publish(elapsed)
    except Preview as shown:
        with database.begin() as connection:
            versions.forget(connection, job.version_id)
        return shown.report
    except BadInput as error:
        if job.preview:
            with database.begin() as connection:
                versions.forget(connection, job.version_id)
        else:
            _record_failure(database, job, error)
        raise


def _record_failure(database: Database, job: Load, error: CimError) -> None:
    """Note in the catalogue why a load was refused; if the store itself is away, the next run finds the version begun."""
    issue = Issue(error.code, str(error), rejected=True)
    report = Report(job.dataset, job.source.location, 0, 0, 0, 0, (issue,), {error.code: 1}, mode=job.source.mode)
    try:
        with database.begin() as connection:
            if not versions.is_ended(connection, job.version_id):
                versions.fail(connection, job.version_id, report)
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
        mode=version.mode,
        unchanged=True,
        version=version.id,
    )


def _fingerprint(
    checksum: str, source: Source, layer: Layer, city: City, preview: bool, rests_on: Sequence[int]
) -> str:
    """Of everything that decides what is let in: the bytes, what their owner states, the checks, the frame, the ground."""
    stated = [
        checksum,
        asdict(source),
        asdict(layer),
        asdict(city.limits),
        city.crs,
        asdict(city.extent),
        LOADER_VERSION,
        *(["preview"] if preview else []),
        *rests_on,
    ]
    return hashlib.sha256(json.dumps(stated, sort_keys=True, default=str).encode()).hexdigest()
