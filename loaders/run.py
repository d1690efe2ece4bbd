"""A vector load under way: batches are checked and staged one by one, then the whole is judged and published."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np

from cim.errors import BadInput, BadSource
from cim.geometry import centroids
from cim.plugins import Batch, PointCloud, Raster, Source
from cim.store import bus, catalogue, places, publication, quarantine, staging, versions
from cim.store.db import Connection, Database
from cim.types import Rejected, Report
from loaders import devices, identity, naming
from loaders.addressing import address_links, addresses, found_places
from loaders.addressing.place_names import places as named_places
from loaders.delivery import originals
from loaders.delivery.files import File, recognise, refuse_changed
from loaders.job import Load, Preview
from loaders.judging import placement, whole
from loaders.judging.checks import Checked, check
from loaders.judging.ground import ground
from loaders.judging.keys import is_naming
from loaders.judging.tally import Tally
from loaders.progress import Pace

_SAMPLE = 2_000


class Run:
    """A vector load under way: batches are staged, then the whole is judged and published."""

    def __init__(self, database: Database, job: Load, done: Mapping[str, Any] | None) -> None:
        """done: what an interrupted run staged of it, as it noted it; None: nothing."""
        self.database, self.job = database, job
        self.tally = Tally(job.city, None if done is None else done["tally"])
        self.crs: str | None = None if done is None else done["crs"]
        self.resumed_at = self.tally.read
        self._file, self._before, self._row, self._staged = (
            int(0 if done is None else done[name]) for name in ("file", "before", "row", "staged")
        )
        self._sample = np.zeros((0, 2))
        self._devices: list[gpd.GeoDataFrame] = []
        self._addresses = addresses.needed(database, job.layer, job.source)
        self._recognised = 0

    def read(self, pace: Pace) -> None:
        """Stage every batch of every file, going on behind what an interrupted run staged."""
        with nullcontext() if self._addresses is None else self._addresses.readers:
            for number in range(self._file, len(self.job.files)):
                file = self.job.files[number]
                if number > self._file:
                    self._file, self._before, self._row = number, self._before + self._row, 0
                for batch in self._batches(file, self._row):
                    self._stage(batch, file)
                    pace.tell(self.tally, batch, file, self.job.dataset)
        refuse_changed(self.job.files)

    def _batches(self, file: File, after: int) -> Iterator[Batch]:
        source = replace(self._source(), location=str(file.path))
        for batch in recognise(file.path).read(source, after):
            if isinstance(batch, Raster | PointCloud):
                raise BadSource(
                    f"{file.path}: a raster or points, but layer {self.job.layer.name} holds {self.job.layer.geometry}s"
                )
            if after == 0 or batch.last_row > after:  # else nothing but notes on the file, told with its last record
                yield batch

    def _source(self) -> Source:
        """The source with where the city lies, as readers need it."""
        city = self.job.city
        return replace(self.job.source, city=(city.extent, city.crs), height_datum=city.height_datum)

    def _stage(self, batch: Batch, file: File) -> None:
        """Check a batch and commit what came of it with the note of how far we are: both or neither."""
        job, first = self.job, self._row == 0
        self._remember(batch)
        checked = check(
            _numbered(batch, self._before), job.source, job.layer, job.city, job.geoid, ground(self.database, job.layer)
        )
        checked = checked if self._addresses is None else addresses.read(checked, self._addresses)
        self.tally.add(len(batch.frame) + len(batch.damaged), checked)
        self._row = batch.last_row or int(batch.frame.index[-1])
        with self.database.begin() as connection:
            if first:
                origin = versions.SourceFile(self._before + 1, str(file.path), file.checksum, file.size)
                versions.note_file(connection, job.version_id, origin)
            self._staged += self._put(connection, checked)
            note = {"file": self._file, "before": self._before, "row": self._row, "staged": self._staged}
            versions.progress(connection, job.version_id, note | {"crs": self.crs, "tally": self.tally.state()})

    def _put(self, connection: Connection, checked: Checked) -> int:
        """How many records were staged."""
        job = self.job
        if checked.rejected:
            quarantine.put(connection, job.version_id, checked.rejected)
        if job.layer.name in devices.LAYERS:
            self._devices.append(checked.frame)
            return 0
        if len(checked.frame):
            staging.use(connection, job.version_id)
            ended = job.source.mode == "terminate"
            staging.copy(connection, job.layer, checked.frame, job.city.srid, ended=ended)
            if not ended:
                places.stage(connection, named_places(job.layer, checked.frame))
        return len(checked.frame)

    def _remember(self, batch: Batch) -> None:
        """The CRS that the source is read in, and a sample of its coordinates as they stand in the file."""
        self.crs = self.crs or batch.crs
        if not len(self._sample):
            xy = centroids(batch.frame.geometry.to_numpy())
            self._sample = xy[np.isfinite(xy).all(axis=1)][:: max(1, len(xy) // _SAMPLE)]

    def publish(self, elapsed: Callable[[], float]) -> Report:
        """Judge the whole, then make it the dataset's state, or refuse it and keep its rejects; a preview raises."""
        job = self.job
        refused: str | None = None
        with self.database.begin() as connection:
            at = publication.stamp(connection)
            staging.use(connection, job.version_id)
            self._judge(connection)
            report = replace(self._report(), seconds=round(elapsed(), 3))
            refused = self._refusal(report)
            if refused is None:
                report = self._publish(connection, report, at, elapsed)
            else:
                versions.fail(connection, job.version_id, report)
        if refused is not None:
            raise BadInput(refused)
        return report

    def _judge(self, connection: Connection) -> None:
        """The checks that need the whole source; what they set aside goes to quarantine as it came."""
        job = self.job
        if job.layer.name in devices.LAYERS:
            return
        if job.source.mode == "terminate":
            unknown = publication.unknown_keys(connection, job.dataset_id)
            reason = ("unknown_object", f"dataset {job.dataset} holds no current record with this {job.layer.key}")
            findings = whole.Findings((), dict.fromkeys(unknown, reason))
            whole.set_aside(connection, unknown)
        else:
            named = (
                naming.settle(connection, job.dataset_id, job.version_id) if is_naming(job.source, job.layer) else {}
            )
            findings = whole.judge(connection, job.source, job.layer, job.city)
            findings = replace(findings, rejected=named | dict(findings.rejected))
        quarantine.put(connection, job.version_id, self._originals(connection, findings.rejected))
        found = [*findings.issues, *whole.rejected_issues(findings.rejected)]
        if job.layer.name == "buildings" and job.source.mode != "terminate":
            doubts, self._recognised = identity.recognise(connection, job.dataset_id, job.version_id)
            found += doubts
        self.tally.amend(found)

    def _originals(self, connection: Connection, reasons: Mapping[int, tuple[str, str]]) -> list[Rejected]:
        """The records with these numbers, read once more from files that must still be the same."""
        if not reasons:
            return []
        first_rows = versions.first_rows(connection, self.job.version_id)
        found = originals.rejected(self._source(), self.job.files, first_rows, reasons)
        refuse_changed(self.job.files)
        return found

    def _report(self) -> Report:
        report = self.tally.report(self.job.dataset, self.job.source.location, self.job.source.mode)
        return replace(report, resumed_at=self.resumed_at, version=self.job.version_id)

    def _refusal(self, report: Report) -> str | None:
        """Why this load may not be published, if it may not; one that lies elsewhere says where it would lie."""
        outside = report.codes.get("outside_city", 0)
        if report.read and outside > report.read / 2 and "outside_city" not in self.job.source.accept:
            city, shift = self.job.city, self.job.source.datum_shift
            told = placement.astray(self._sample, str(self.crs), city.extent, city.crs, datum_shift=shift)
            if told is not None:
                return f"{report.source}: {told}"
        return whole.refusal(report, self.job.city, self.job.source)

    def _publish(self, connection: Connection, report: Report, at: datetime, elapsed: Callable[[], float]) -> Report:
        """What is told on the bus comes last: it holds the bus until the commit."""
        job = self.job
        if job.layer.name in devices.LAYERS:
            if job.preview:
                raise Preview(replace(report, preview=True))
            moved = [id for frame in self._devices for id in devices.register(connection, job.layer, frame, job.city)]
            bus.tell(connection, "observation", sorted(set(moved)))
        else:
            changes = publication.judge(connection, job.delivery(), at)
            known = {"recognised": self._recognised} if self._recognised else {}
            report = replace(report, changes=changes | known)
            if job.preview:
                raise Preview(replace(report, preview=True))
            publication.apply(connection, job.delivery(), at, changes)
            if job.layer.name == "buildings":
                report = identity.settle(connection, job.dataset_id, at, report, job.city.limits)
            report = address_links.settle(connection, job.layer, report, job.city.limits.address_reach_m)
            found_places.publish(connection, job.layer, job.dataset_id, mode=job.source.mode)
        report = replace(report, seconds=round(elapsed(), 3))
        catalogue.settle_due(connection, job.dataset_id)
        versions.publish(connection, job.version_id, report, self.crs, at)
        return report


def _numbered(batch: Batch, before: int) -> Batch:
    """The batch with the numbers that its records have in the whole delivery, behind those of earlier files."""
    if before == 0:
        return batch
    frame = batch.frame.set_axis(batch.frame.index + before, axis=0)
    damaged = tuple(replace(record, row=record.row + before) for record in batch.damaged)
    issues = tuple(i if i.row is None else replace(i, row=i.row + before) for i in batch.issues)
    return replace(batch, frame=frame, damaged=damaged, issues=issues)
