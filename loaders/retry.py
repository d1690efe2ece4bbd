"""Retry: the records in quarantine judged again, by the rules and limits of now; the file itself is not read."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from cim.boundary import Boundary
from cim.city import City
from cim.errors import Conflict
from cim.geoid import Geoid
from cim.layers import LAYERS
from cim.plugins import Batch
from cim.source_entry import NamedSource
from cim.store import catalogue, places, publication, quarantine, staging, versions
from cim.store.db import Connection, Database
from cim.store.quarantine import Held
from cim.types import Issue, Progress, Rejected, Report
from loaders import devices, identity, naming
from loaders.addressing import address_links, addresses, found_places
from loaders.addressing.place_names import places as named_places
from loaders.judging import whole
from loaders.judging.checks import Checked, check
from loaders.judging.ground import ground_within
from loaders.judging.keys import is_naming
from loaders.judging.tally import Tally


def retry(
    database: Database,
    named: NamedSource,
    city: City,
    progress: Progress,
    clock: Callable[[], float],
    *,
    geoid: Geoid | None = None,
) -> list[Report]:
    """Let in what may come in now of a dataset's quarantine: a report for each delivery that has records there.

    The rest stays, with the reasons found now. Records that could not even be made out stay until their file is mended.
    Raises Conflict for layers of devices (their files are small: load them again) and while another run loads the dataset.
    """
    layer = LAYERS[named.source.layer]
    if layer.name in devices.LAYERS or layer.geometry in ("raster", "points"):
        raise Conflict(
            f"dataset {named.name}: a layer of {layer.name} is loaded again as a whole; run `cim load {named.name}`"
        )
    reports: list[Report] = []
    with versions.claimed(database, named.name):
        with database.begin() as connection:
            held = list(chain.from_iterable(quarantine.open_of(connection, named.name)))
        for origin, group in groupby(
            sorted(held, key=lambda h: (h.version_id, h.record.row)), key=lambda h: h.version_id
        ):
            began = clock()
            with database.begin() as connection:
                run = _Retry(connection, named, city, geoid, origin, list(group))
                report = run.publish(lambda began=began: clock() - began)  # type: ignore[misc]
            progress(report.read, None, f"{named.name}: {report.accepted:,} of {report.read:,} let in")
            reports.append(report)
    return reports


class _Retry:
    """The records of one delivery, judged again within one transaction."""

    def __init__(
        self,
        connection: Connection,
        named: NamedSource,
        city: City,
        geoid: Geoid | None,
        origin: int,
        held: Sequence[Held],
    ) -> None:
        self.connection, self.city, self.geoid = connection, city, geoid
        self.layer = LAYERS[named.source.layer]
        self.origin = catalogue.version(connection, named.name, origin)
        self.dataset_id = catalogue.dataset_id(connection, named.name)
        self.held = {one.record.row: one for one in held}
        self.crs = named.source.crs or str(self.origin["crs"])
        self.named = named
        self.source = replace(named.source, location=self.origin["location"], mode=self.origin["mode"])
        self.tally = Tally(city)

    def publish(self, elapsed: Callable[[], float]) -> Report:
        """Stage what passes, publish it beside what the dataset holds, and settle the quarantine."""
        at = publication.stamp(self.connection)
        begun = self._begin()
        staging.use(self.connection, begun.version_id)
        checked = self._checked()
        self.tally.add(len(self.held), checked)
        if len(checked.frame):
            staging.copy(self.connection, self.layer, checked.frame, self.city.srid)
            places.stage(self.connection, named_places(self.layer, checked.frame))
        out = {record.row: record for record in checked.rejected} | self._judge_whole(begun.version_id)
        let_in = [self.held[row].id for row in self.held if row not in out]
        quarantine.rejudge(self.connection, [(self.held[row].id, record) for row, record in out.items()])
        report = self.tally.report(self.named.name, self.source.location, "retry")
        report = replace(report, seconds=round(elapsed(), 3), version=begun.version_id)
        if not let_in:
            versions.forget(self.connection, begun.version_id)
            return replace(report, version=None)
        delivery = publication.Delivery(
            self.layer, self.dataset_id, begun.version_id, "append", self.origin["valid_from"]
        )
        changes = publication.judge(self.connection, delivery, at)
        publication.apply(self.connection, delivery, at, changes)
        report = replace(report, changes=changes)
        if self.layer.name == "buildings":
            report = identity.settle(self.connection, self.dataset_id, at, report, self.city.limits)
        report = address_links.settle(self.connection, self.layer, report, self.city.limits.address_reach_m)
        found_places.publish(self.connection, self.layer, self.dataset_id, mode="append")
        quarantine.resolve(self.connection, let_in, begun.version_id)
        versions.publish(self.connection, begun.version_id, report, self.crs, at)
        return report

    def _begin(self) -> versions.Begun:
        ids = ",".join(str(one.id) for one in self.held.values())
        begun = versions.begin(
            self.connection,
            self.dataset_id,
            self.layer,
            checksum=self.origin["checksum"],
            fingerprint=hashlib.sha256(f"retry {ids}".encode()).hexdigest(),
            location=self.origin["location"],
            mode="retry",
            valid_from=self.origin["valid_from"],
            card=self.named.card,
            resumable=False,
            tentative=True,
        )
        versions.copy_files(self.connection, self.origin["id"], begun.version_id)
        return begun

    def _checked(self) -> Checked:
        """The records that can be made out, judged; the others stay as they are."""
        whole_records = {row: one for row, one in self.held.items() if "raw" not in one.record.content}
        torn = tuple(one.record for row, one in self.held.items() if row not in whole_records)
        batch = Batch(_frame(whole_records), self.crs, damaged=torn)
        ground = ground_within(self.connection, self.layer)
        checked = check(batch, self.source, self.layer, self.city, self.geoid, ground)
        if self.layer.name != addresses.LAYER:
            return checked
        return addresses.read(checked, addresses.reference(self.connection))

    def _judge_whole(self, version_id: int) -> dict[int, Rejected]:
        """What the dataset holds already under its key, or comes twice, stays out."""
        again = publication.known_keys(self.connection, self.dataset_id)
        whole.set_aside(self.connection, again)
        named = {}
        if is_naming(self.source, self.layer):
            named = naming.settle(self.connection, self.dataset_id, version_id)
        reason = ("duplicate_key", f"dataset {self.named.name} holds a record with this {self.layer.key} already")
        findings = whole.judge(self.connection, self.source, self.layer, self.city)
        reasons = dict.fromkeys(again, reason) | named | dict(findings.rejected)
        issues: list[Issue] = [*findings.issues, *whole.rejected_issues(reasons)]
        if self.layer.name == "buildings":
            issues += identity.recognise(self.connection, self.dataset_id, version_id)[0]
        self.tally.amend(issues)
        return {
            row: replace(self.held[row].record, codes=(code,), reason=message)
            for row, (code, message) in reasons.items()
        }


def _frame(held: dict[int, Held]) -> gpd.GeoDataFrame:
    """Records as they came, from what the quarantine kept of them: geometry from its WKT, the rest as JSON knows it."""
    records: list[dict[str, Any]] = [dict(one.record.content) for one in held.values()]
    for record in records:
        if isinstance(record.get("boundary"), dict):
            record["boundary"] = Boundary.of_content(record["boundary"])
    shapes = [record.pop("geometry", None) for record in records]
    index = pd.Index(list(held), dtype="int64")
    table = pd.DataFrame(records, index=index, dtype=object)
    found = shapely.from_wkt([s if isinstance(s, str) else None for s in shapes], on_invalid="ignore")
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(found, index=index))
