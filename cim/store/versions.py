"""Versions of datasets: begun, gone on with, published, refused; and the lock that keeps two loads of one apart."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from cim.errors import Conflict
from cim.plugins import Layer
from cim.source_entry import Card
from cim.store import staging
from cim.store.db import Database, json_text
from cim.types import Report


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a version: the number of its first record within the version, where it lies, what its bytes are."""

    first_row: int
    location: str
    checksum: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A version under way. progress: what an interrupted run has staged of it already; None: nothing."""

    dataset_id: int
    version_id: int
    progress: Mapping[str, Any] | None


@contextmanager
def claimed(database: Database, dataset: str) -> Iterator[None]:
    """Keep other loads of the dataset out, over several transactions. Raises Conflict where one is under way."""
    with database.raw() as connection:
        connection.autocommit = True
        lock = "SELECT pg_try_advisory_lock(hashtext('cim.load'), hashtext(%s))"
        if not (connection.execute(lock, [dataset]).fetchone() or (False,))[0]:
            raise _busy(dataset)
        try:
            yield
        finally:  # the server lets go of what a closed connection held a moment later: too late for who comes next
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock(hashtext('cim.load'), hashtext(%s))", [dataset])


def claim(connection: Connection, dataset: str) -> None:
    """Keep loads of the dataset out until this transaction ends. Raises Conflict where one is under way."""
    lock = "SELECT pg_try_advisory_xact_lock(hashtext('cim.load'), hashtext(:dataset))"
    if not connection.execute(text(lock), {"dataset": dataset}).scalar_one():
        raise _busy(dataset)


def _busy(dataset: str) -> Conflict:
    return Conflict(f"dataset {dataset} is being loaded by another run; wait for it to end, then run it again")


def begin(
    connection: Connection,
    dataset_id: int,
    layer: Layer,
    *,
    checksum: str,
    fingerprint: str,
    location: str,
    mode: str,
    valid_from: datetime | None,
    card: Card,
    resumable: bool,
    tentative: bool = False,
) -> Begun:
    """Open a version in state `loading`, or go on with the one that an interrupted run of the same delivery left.

    What is staged of it counts only if it is all there: after a crash of the database it is not. Other versions that
    were left in that state are marked failed, and what they had staged is dropped; not by a tentative one (a preview, a
    retry), which leaves an interrupted load to be gone on with. The rows are locked, so that the last
    word of a killed run, which the database may still be at work on, is waited for and counts.
    """
    begun = connection.execute(
        text("""
            SELECT id, fingerprint, progress FROM cim.dataset_version
            WHERE dataset_id = :id AND state = 'loading' ORDER BY id DESC FOR UPDATE"""),
        {"id": dataset_id},
    ).all()
    for row in begun:
        whole = row.progress is not None and staging.count(connection, row.id) == row.progress["staged"]
        if resumable and whole and row.fingerprint == fingerprint and row is begun[0]:
            return Begun(dataset_id, row.id, row.progress)
        if not tentative:
            abandon(connection, row.id)
    stated: dict[str, Any] = {"location": location, "checksum": checksum, "fingerprint": fingerprint, "mode": mode}
    stated |= {"survey_date": card.survey_date, "accuracy_m": card.accuracy_m}
    version_id = connection.execute(
        text("""
            INSERT INTO cim.dataset_version
                (dataset_id, state, location, checksum, fingerprint, mode, valid_from, survey_date, accuracy_m)
            VALUES (:dataset_id, 'loading', :location, :checksum, :fingerprint, :mode, :valid_from,
                    CAST(:survey_date AS date), :accuracy_m)
            RETURNING id"""),
        {"dataset_id": dataset_id, "valid_from": valid_from, **stated},
    ).scalar_one()
    staging.create(connection, version_id, layer)
    return Begun(dataset_id, int(version_id), None)


def note_file(connection: Connection, version_id: int, file: SourceFile) -> None:
    """A file of a version, when its first record is staged."""
    connection.execute(
        text("""
            INSERT INTO cim.source_file (version_id, first_row, location, checksum, size_bytes)
            VALUES (:version_id, :first_row, :location, :checksum, :size_bytes)
            ON CONFLICT (version_id, first_row) DO NOTHING"""),
        {"version_id": version_id, **asdict(file)},
    )


def copy_files(connection: Connection, of_version: int, to_version: int) -> None:
    """Let a version that is made of another one's records lead back to the same files."""
    connection.execute(
        text("""
            INSERT INTO cim.source_file SELECT :to_version, first_row, location, checksum, size_bytes
            FROM cim.source_file WHERE version_id = :of_version"""),
        {"to_version": to_version, "of_version": of_version},
    )


def first_rows(connection: Connection, version_id: int) -> list[int]:
    """The number that the first record of each file has within the version, in the order of the files."""
    rows = connection.execute(
        text("SELECT first_row FROM cim.source_file WHERE version_id = :id ORDER BY first_row"), {"id": version_id}
    )
    return [int(row) for row in rows.scalars()]


def abandon(connection: Connection, version_id: int) -> None:
    """Give up a version that an interrupted run left: its records were never judged as a whole, so none is kept."""
    staging.drop(connection, version_id)
    connection.execute(text("DELETE FROM cim.quarantine WHERE version_id = :id"), {"id": version_id})
    connection.execute(
        text("UPDATE cim.dataset_version SET state = 'failed', progress = NULL, ended_at = now() WHERE id = :id"),
        {"id": version_id},
    )


def forget(connection: Connection, version_id: int) -> None:
    """Remove a version that only was a preview, with all that it left."""
    staging.drop(connection, version_id)
    for table, key in (("quarantine", "version_id"), ("source_file", "version_id"), ("dataset_version", "id")):
        connection.execute(text(f"DELETE FROM cim.{table} WHERE {key} = :id"), {"id": version_id})


def progress(connection: Connection, version_id: int, note: Mapping[str, Any]) -> None:
    """What is staged so far, in the same transaction as the records it counts."""
    connection.execute(
        text("UPDATE cim.dataset_version SET progress = CAST(:note AS jsonb) WHERE id = :id"),
        {"id": version_id, "note": json_text(note)},
    )


def publish(
    connection: Connection,
    version_id: int,
    report: Report,
    crs: str | None,
    at: datetime,
    raster: Mapping[str, Any] | None = None,
) -> None:
    """Close a version as the dataset's published one and tell it on the bus: the transaction's last statement."""
    staging.drop(connection, version_id)
    connection.execute(
        text("""
            UPDATE cim.dataset_version SET state = 'superseded'
            WHERE state = 'published' AND dataset_id = (SELECT dataset_id FROM cim.dataset_version WHERE id = :id)"""),
        {"id": version_id},
    )
    _end(connection, version_id, "published", report, crs, raster, at)
    connection.execute(text("SELECT cim.tell('dataset', ARRAY[:id]::bigint[])"), {"id": version_id})


def fail(connection: Connection, version_id: int, report: Report) -> None:
    """Close a version that was refused; what was published before stands."""
    staging.drop(connection, version_id)
    _end(connection, version_id, "failed", report, None, None, None)


def is_ended(connection: Connection, version_id: int) -> bool:
    """Whether a version has left the state `loading`."""
    state = connection.execute(
        text("SELECT state FROM cim.dataset_version WHERE id = :id"), {"id": version_id}
    ).scalar_one()
    return bool(state != "loading")


def restore(connection: Connection, version_id: int, at: datetime) -> int:
    """Open and publish the version that takes `version_id`'s successors back; returns its id.

    It wears the fingerprint of the delivery that it takes back, so that the file that brought it does not come in again
    by itself; one that differs from it does.
    """
    found = connection.execute(
        text("""
            INSERT INTO cim.dataset_version (
                dataset_id, state, location, checksum, fingerprint, crs, mode, survey_date, accuracy_m, restores, raster)
            SELECT v.dataset_id, 'loading', v.location, v.checksum, p.fingerprint, v.crs, 'rollback', v.survey_date,
                   v.accuracy_m, v.id, v.raster
            FROM cim.dataset_version v JOIN cim.dataset_version p ON p.dataset_id = v.dataset_id AND p.state = 'published'
            WHERE v.id = :id RETURNING id"""),
        {"id": version_id},
    ).scalar_one()
    copy_files(connection, version_id, int(found))
    return int(found)


def _end(
    connection: Connection,
    version_id: int,
    state: str,
    report: Report,
    crs: str | None,
    raster: Mapping[str, Any] | None,
    at: datetime | None,
) -> None:
    connection.execute(
        text("""
            UPDATE cim.dataset_version
            SET state = :state, ended_at = clock_timestamp(), published_at = :at, crs = coalesce(:crs, crs),
                records_read = :read, accepted = :accepted, repaired = :repaired, rejected = :rejected,
                report = CAST(:report AS jsonb), raster = coalesce(CAST(:raster AS jsonb), raster), progress = NULL
            WHERE id = :id"""),
        {
            "id": version_id,
            "state": state,
            "at": at,
            "crs": crs,
            "read": report.read,
            "accepted": report.accepted,
            "repaired": report.repaired,
            "rejected": report.rejected,
            "report": json_text(content(report)),
            "raster": None if raster is None else json.dumps(raster),
        },
    )


def content(report: Report) -> dict[str, Any]:
    """A report as the JSON that the catalogue keeps and pages are made of."""
    found = asdict(report)
    found["by_code"] = found.pop("codes")
    found["issues_left_out"] = max(0, sum(report.codes.values()) - len(report.issues))
    return found
