"""The catalogue: which datasets there are, their versions, and what each load let in."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from cim.errors import Conflict
from cim.plugins import Layer
from cim.store.db import json_text, jsonb, raw
from cim.types import Rejected, Report


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a dataset as the catalogue knows it."""

    id: int
    dataset: str
    layer: str
    state: str
    location: str
    checksum: str
    fingerprint: str
    crs: str | None
    raster: dict[str, Any] | None
    report: dict[str, Any] | None
    started_at: datetime


def published(connection: Connection, dataset: str | None = None, layer: str | None = None) -> list[Version]:
    """The published versions, of one dataset or layer if named, in the order the datasets were first loaded."""
    rows = connection.execute(
        text("""
            SELECT v.id, d.name AS dataset, d.layer, v.state, v.location, v.checksum, v.fingerprint, v.crs, v.raster,
                   v.report, v.started_at
            FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE v.state = 'published' AND (CAST(:dataset AS text) IS NULL OR d.name = :dataset)
              AND (CAST(:layer AS text) IS NULL OR d.layer = :layer)
            ORDER BY d.id"""),
        {"dataset": dataset, "layer": layer},
    )
    return [Version(**row._mapping) for row in rows]


def start(
    connection: Connection, dataset: str, layer: Layer, location: str, checksum: str, fingerprint: str
) -> tuple[int, int]:
    """Open a version in state `loading`; versions that an earlier run left in it are marked failed.

    Returns (dataset id, version id). Raises Conflict while another run is loading the dataset.
    """
    claim(connection, dataset)
    dataset_id = connection.execute(
        text("""
            INSERT INTO cim.dataset (name, layer, data_class) VALUES (:name, :layer, :data_class)
            ON CONFLICT (name) DO UPDATE SET layer = excluded.layer, data_class = excluded.data_class
            RETURNING id"""),
        {"name": dataset, "layer": layer.name, "data_class": layer.data_class},
    ).scalar_one()
    connection.execute(
        text("""
            UPDATE cim.dataset_version SET state = 'failed', ended_at = now()
            WHERE dataset_id = :dataset_id AND state = 'loading'"""),
        {"dataset_id": dataset_id},
    )
    version_id = connection.execute(
        text("""
            INSERT INTO cim.dataset_version (dataset_id, state, location, checksum, fingerprint)
            VALUES (:dataset_id, 'loading', :location, :checksum, :fingerprint) RETURNING id"""),
        {"dataset_id": dataset_id, "location": location, "checksum": checksum, "fingerprint": fingerprint},
    ).scalar_one()
    return int(dataset_id), int(version_id)


def claim(connection: Connection, dataset: str) -> None:
    """Keep other loads of the dataset out until this transaction ends. Raises Conflict where one is under way."""
    free = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(hashtext('cim.load'), hashtext(:dataset))"), {"dataset": dataset}
    ).scalar_one()
    if not free:
        raise Conflict(f"dataset {dataset} is being loaded by another run; wait for it to end, then run it again")


def publish(connection: Connection, version_id: int, report: Report, crs: str, raster: dict[str, Any] | None) -> None:
    """Make a version the published one of its dataset; the one before is superseded."""
    connection.execute(
        text("""
            UPDATE cim.dataset_version SET state = 'superseded'
            WHERE state = 'published'
              AND dataset_id = (SELECT dataset_id FROM cim.dataset_version WHERE id = :id)"""),
        {"id": version_id},
    )
    _end(connection, version_id, "published", report, crs, raster)
    connection.execute(text("SELECT cim.tell('dataset', ARRAY[:id]::bigint[])"), {"id": version_id})


def fail(connection: Connection, version_id: int, report: Report) -> None:
    """Close a version that was refused; what was published before stands."""
    _end(connection, version_id, "failed", report, None, None)


def is_ended(connection: Connection, version_id: int) -> bool:
    """Whether a version has left the state `loading`."""
    state = connection.execute(
        text("SELECT state FROM cim.dataset_version WHERE id = :id"), {"id": version_id}
    ).scalar_one()
    return bool(state != "loading")


def quarantine(connection: Connection, version_id: int, rejected: Sequence[Rejected]) -> None:
    """Keep rejected records whole, with their place in the source and the reasons."""
    statement = "COPY cim.quarantine (version_id, source_row, codes, reason, content) FROM STDIN (FORMAT BINARY)"
    with raw(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "int8", "text[]", "text", "bytea"])
        for record in rejected:
            row = [version_id, record.row, list(record.codes), record.reason, jsonb(record.content)]
            copy.write_row(row)


def versions(connection: Connection) -> list[dict[str, Any]]:
    """Every version with its counts, the newest first."""
    rows = connection.execute(
        text("""
            SELECT v.id, d.name AS dataset, d.layer, v.state, v.records_read, v.accepted, v.repaired, v.rejected,
                   v.started_at, v.ended_at
            FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id ORDER BY v.id DESC""")
    )
    return [dict(row._mapping) for row in rows]


def _end(
    connection: Connection,
    version_id: int,
    state: str,
    report: Report,
    crs: str | None,
    raster: dict[str, Any] | None,
) -> None:
    connection.execute(
        text("""
            UPDATE cim.dataset_version
            SET state = :state, ended_at = now(), crs = :crs, records_read = :read, accepted = :accepted,
                repaired = :repaired, rejected = :rejected, report = CAST(:report AS jsonb),
                raster = CAST(:raster AS jsonb)
            WHERE id = :id"""),
        {
            "id": version_id,
            "state": state,
            "crs": crs,
            "read": report.read,
            "accepted": report.accepted,
            "repaired": report.repaired,
            "rejected": report.rejected,
            "report": _report_json(report),
            "raster": None if raster is None else json.dumps(raster),
        },
    )


def _report_json(report: Report) -> str:
    content = {
        "read": report.read,
        "accepted": report.accepted,
        "repaired": report.repaired,
        "rejected": report.rejected,
        "by_code": dict(report.codes),
        "issues": [asdict(issue) for issue in report.issues],
        "issues_left_out": sum(report.codes.values()) - len(report.issues),
        "seconds": report.seconds,
    }
    return json_text(content)
