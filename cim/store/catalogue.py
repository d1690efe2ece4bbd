"""The catalogue: which datasets there are, who owes them when, their versions, and what each load let in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from cim.errors import Unknown
from cim.plugins import Layer
from cim.source_entry import Card
from cim.store.sql import statement


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a dataset as the catalogue knows it."""

    id: int
    dataset: str
    layer: str
    state: str
    mode: str
    location: str
    checksum: str
    fingerprint: str
    crs: str | None
    raster: dict[str, Any] | None
    report: dict[str, Any] | None
    started_at: datetime
    published_at: datetime | None


def register(connection: Connection, name: str, layer: Layer, card: Card) -> int:
    """The dataset's id, its card brought up to what the city file says now."""
    values = {k: v for k, v in asdict(card).items() if k not in ("survey_date", "accuracy_m")}
    found = connection.execute(
        statement("put_dataset"), {"name": name, "layer": layer.name, "data_class": layer.data_class, **values}
    ).scalar_one()
    return int(found)


def settle_due(connection: Connection, dataset_id: int) -> None:
    """Note that the due date the city file states now has been read: what is delivered after this moment settles it."""
    connection.execute(
        text("""
            UPDATE cim.dataset SET due_set_at = clock_timestamp()
            WHERE id = :id AND due IS NOT NULL AND due_set_at IS NULL"""),
        {"id": dataset_id},
    )


def published(connection: Connection, dataset: str | None = None, layer: str | None = None) -> list[Version]:
    """The published versions, of one dataset or layer if named, in the order the datasets were first loaded."""
    rows = connection.execute(
        text("""
            SELECT v.id, d.name AS dataset, d.layer, v.state, v.mode, v.location, v.checksum, v.fingerprint, v.crs,
                   v.raster, v.report, v.started_at, v.published_at
            FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE v.state = 'published' AND (CAST(:dataset AS text) IS NULL OR d.name = :dataset)
              AND (CAST(:layer AS text) IS NULL OR d.layer = :layer)
            ORDER BY d.id"""),
        {"dataset": dataset, "layer": layer},
    )
    return [Version(**row._mapping) for row in rows]


def delivered(connection: Connection, dataset: str, fingerprint: str) -> Version | None:
    """The version that took this delivery already, if it need not come again: no whole delivery came after it,
    or all that did was taken back.
    """
    row = connection.execute(
        text("""
            SELECT v.id, d.name AS dataset, d.layer, v.state, v.mode, v.location, v.checksum, v.fingerprint, v.crs,
                   v.raster, v.report, v.started_at, v.published_at
            FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE d.name = :dataset AND v.state IN ('published', 'superseded') AND v.fingerprint = :fingerprint
              AND v.id >= (
                SELECT coalesce(max(coalesce(w.restores, w.id)), 0) FROM cim.dataset_version w
                WHERE w.id = (
                    SELECT max(l.id) FROM cim.dataset_version l
                    WHERE l.dataset_id = d.id AND l.mode IN ('replace', 'rollback')
                      AND l.state IN ('published', 'superseded')))
            ORDER BY v.id DESC LIMIT 1"""),
        {"dataset": dataset, "fingerprint": fingerprint},
    ).one_or_none()
    return None if row is None else Version(**row._mapping)


def datasets(connection: Connection, today: date) -> list[dict[str, Any]]:
    """Every dataset with its card, what is published of it, and when the next delivery is due.

    due_on None: nothing is agreed. overdue_days: None where nothing is due or it is not yet.
    """
    rows = [dict(row._mapping) for row in connection.execute(statement("select_datasets"))]
    for row in rows:
        row["due_on"] = _due_on(row, today)
        late = None if row["due_on"] is None else (today - row["due_on"]).days
        row["overdue_days"] = late if late is not None and late > 0 else None
        del row["due_set_at"]
    return rows


def _due_on(row: dict[str, Any], today: date) -> date | None:
    """The day by which the next delivery is due.

    With a period and a day: the days lie a period apart, and a delivery settles the period it falls in. With a period
    only: that long after the last delivery. With a day only: that day, until something is delivered after the day was
    agreed (that is, after the delivery that came with it).
    """
    due: date | None = row["due"]
    every: int | None = row["due_every_days"]
    last: datetime | None = row["delivered_at"]
    created: datetime = row["created_at"]
    if every is None:
        settled = due is None or (last is not None and row["due_set_at"] is not None and last > row["due_set_at"])
        return None if settled else due
    if due is None:
        return (last or created).date() + timedelta(days=every)
    if last is None:
        return due
    behind = (last.date() - due).days
    return due if behind <= -every else due + timedelta(days=every * (-(-behind // every) + 1))


def versions(connection: Connection, dataset: str | None = None) -> list[dict[str, Any]]:
    """Every version with its counts (of one dataset, if named), the newest first."""
    rows = connection.execute(
        text("""
            SELECT v.id, d.name AS dataset, d.layer, v.state, v.mode, v.location, v.checksum, v.crs, v.valid_from,
                   v.survey_date, v.accuracy_m, v.records_read, v.accepted, v.repaired, v.rejected, v.started_at,
                   v.ended_at, v.published_at, v.restores, v.raster,
                   v.report->'photo_offset' AS photo_offset, v.report->'conflicts_by_code' AS conflicts_by_code
            FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE CAST(:dataset AS text) IS NULL OR d.name = :dataset ORDER BY v.id DESC"""),
        {"dataset": dataset},
    )
    return [dict(row._mapping) for row in rows]


def version(connection: Connection, dataset: str, id: int) -> dict[str, Any]:
    """One version of a dataset. Raises Unknown where there is none of this id."""
    found = next((v for v in versions(connection, dataset) if v["id"] == id), None)
    if found is None:
        raise Unknown(f"dataset {dataset} has no version {id}")
    return found


def report(connection: Connection, version_id: int) -> dict[str, Any]:
    """What a version's load did. Raises Unknown for a version that does not exist, or whose load is not at its end."""
    found = connection.execute(
        text("""
            SELECT v.report, d.layer FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE v.id = :id"""),
        {"id": version_id},
    ).one_or_none()
    if found is None or found.report is None:
        raise Unknown(f"there is no report of a version {version_id}")
    return {"layer": found.layer, **found.report}


def pixel_places(connection: Connection) -> list[str]:
    """What every version notes of the files that its pixels or points are read from, as JSON text."""
    found = connection.execute(text("SELECT raster::text FROM cim.dataset_version WHERE raster IS NOT NULL"))
    return [str(one) for one in found.scalars()]


def pixel_paths(connection: Connection) -> set[str]:
    """The paths of the files that the pixels or points of any version are read from, present or past, whatever its state."""
    found = connection.execute(
        text("SELECT DISTINCT jsonb_path_query(raster, '$.**.path') #>> '{}' FROM cim.dataset_version")
    )
    return {str(one) for one in found.scalars()}


def dataset_id(connection: Connection, name: str) -> int:
    """A dataset's id. Raises Unknown with the names there are."""
    found = connection.execute(text("SELECT id FROM cim.dataset WHERE name = :name"), {"name": name}).scalar()
    if found is None:
        names = connection.execute(text("SELECT name FROM cim.dataset ORDER BY id")).scalars().all()
        raise Unknown(f"no dataset named {name!r}; known: {', '.join(names) or 'none'}")
    return int(found)


def source_files(connection: Connection, version_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The files that versions were read from: version, dataset, location, checksum, size_bytes; in their order."""
    rows = connection.execute(
        text("""
            SELECT f.version_id AS version, d.name AS dataset, f.location, f.checksum, f.size_bytes
            FROM cim.source_file f
            JOIN cim.dataset_version v ON v.id = f.version_id JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE f.version_id = ANY(CAST(:ids AS bigint[])) ORDER BY f.version_id, f.first_row"""),
        {"ids": list(version_ids)},
    )
    return [dict(row._mapping) for row in rows]
