"""The quarantine: records that were not let in, whole, with their place in the source and the reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from cim.store.db import jsonb, raw
from cim.types import Rejected

_PAGE = 5_000

# Records that are still out of what the dataset is now: of its last whole delivery and of what was appended since.
_OUT = """
    q.resolved_at IS NULL AND v.state IN ('published', 'superseded') AND v.mode <> 'terminate' AND v.id >= coalesce((
        SELECT max(w.id) FROM cim.dataset_version w
        WHERE w.dataset_id = v.dataset_id AND w.state IN ('published', 'superseded')
          AND w.mode IN ('replace', 'rollback')), 0)"""


@dataclass(frozen=True, slots=True)
class Held:
    """A record in quarantine: its own id, the version it came in, and the record."""

    id: int
    version_id: int
    record: Rejected


def put(connection: Connection, version_id: int, rejected: Sequence[Rejected]) -> None:
    """Keep rejected records whole, with their place in the source and the reasons."""
    statement = "COPY cim.quarantine (version_id, source_row, codes, reason, content) FROM STDIN (FORMAT BINARY)"
    with raw(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "int8", "text[]", "text", "bytea"])
        for record in rejected:
            copy.write_row([version_id, record.row, list(record.codes), _clean(record.reason), jsonb(record.content)])


def open_of(connection: Connection, dataset: str) -> Iterator[list[Held]]:
    """The records of a dataset's published deliveries that are still out, in pages, by version and row; not
    those of a list of what ended, which is mended and loaded again.
    """
    after = 0
    while True:
        rows = connection.execute(
            text(f"""
                SELECT q.id, q.version_id, q.source_row, q.codes, q.reason, q.content
                FROM cim.quarantine q JOIN cim.dataset_version v ON v.id = q.version_id
                JOIN cim.dataset d ON d.id = v.dataset_id
                WHERE d.name = :dataset AND {_OUT}
                  AND q.id > :after
                ORDER BY q.id LIMIT :page"""),
            {"dataset": dataset, "after": after, "page": _PAGE},
        ).all()
        if not rows:
            return
        yield [Held(r.id, r.version_id, Rejected(r.source_row, tuple(r.codes), r.reason, r.content)) for r in rows]
        after = int(rows[-1].id)


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that a version did not let in, as it is kept; resolved_in: the later version that did, None: it is out."""

    id: int
    row: int
    codes: tuple[str, ...]
    reason: str
    record: Mapping[str, Any]
    created_at: datetime
    resolved_at: datetime | None
    resolved_in: int | None


def page(connection: Connection, version_id: int, *, code: str | None, after: int | None, limit: int) -> list[Kept]:
    """What a version did not let in, ascending id, behind the id `after`. code: only what was set aside for it."""
    rows = connection.execute(
        text("""
            SELECT id, source_row, codes, reason, content, created_at, resolved_at, resolved_in FROM cim.quarantine
            WHERE version_id = :version AND (CAST(:code AS text) IS NULL OR :code = ANY(codes))
              AND (CAST(:after AS bigint) IS NULL OR id > :after)
            ORDER BY id LIMIT :limit"""),
        {"version": version_id, "code": code, "after": after, "limit": limit},
    )
    return [
        Kept(r.id, r.source_row, tuple(r.codes), r.reason, r.content, r.created_at, r.resolved_at, r.resolved_in)
        for r in rows
    ]


def count(connection: Connection, version_id: int, *, code: str | None) -> int:
    """How many records `page` would give in all."""
    found = connection.execute(
        text("""
            SELECT count(*) FROM cim.quarantine
            WHERE version_id = :version AND (CAST(:code AS text) IS NULL OR :code = ANY(codes))"""),
        {"version": version_id, "code": code},
    )
    return int(found.scalar_one())


def resolve(connection: Connection, ids: Sequence[int], version_id: int) -> None:
    """Mark records as let in by a later version."""
    connection.execute(
        text(
            "UPDATE cim.quarantine SET resolved_at = now(), resolved_in = :version WHERE id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"version": version_id, "ids": list(ids)},
    )


def rejudge(connection: Connection, rejected: Sequence[tuple[int, Rejected]]) -> None:
    """Note the reasons that a retry found for records that stay out: (quarantine id, record with its new reasons)."""
    for id, record in rejected:
        connection.execute(
            text("UPDATE cim.quarantine SET codes = :codes, reason = :reason WHERE id = :id"),
            {"id": id, "codes": list(record.codes), "reason": _clean(record.reason)},
        )


def counts(connection: Connection) -> dict[str, int]:
    """How many records of each dataset are out."""
    rows = connection.execute(
        text(f"""
            SELECT d.name, count(*) FROM cim.quarantine q JOIN cim.dataset_version v ON v.id = q.version_id
            JOIN cim.dataset d ON d.id = v.dataset_id WHERE {_OUT} GROUP BY d.name ORDER BY d.name""")
    )
    return {name: int(number) for name, number in rows}


def _clean(reason: Any) -> str:
    """A reason as text that PostgreSQL holds: without NUL."""
    return str(reason).replace("\0", "")
