"""Publication: what is staged becomes the dataset's state, in one short transaction; or is only counted (a preview)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from cim.plugins import Layer
from cim.store.sql import statement

# Indexes are taken down and built anew when a delivery at least doubles a table: building one of a million footprints takes
# seconds, filling it row by row takes half a minute. Readers wait meanwhile, but then there was little to read before.
_LARGE = 50_000

# So many fresh rows change what the planner ought to know; it would learn it by itself only a minute later.
_TELLING = 1_000

_PICTURES = "INSERT INTO cim.picture SELECT * FROM staged_picture ORDER BY hash ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be published: a version of a dataset of a layer, and how it was meant.

    mode: replace, append or terminate. since: from when on the world is as delivered; None: it corrects what is held.
    """

    layer: Layer
    dataset_id: int
    version_id: int
    mode: str
    since: datetime | None


def stamp(connection: Connection) -> datetime:
    """This transaction's record time. Other writers of the model wait from here to its commit."""
    # Who edits by hand locks rows first and the clock last: without this, a load and such an edit could wait for each other.
    connection.execute(text("LOCK TABLE cim.body, cim.feature IN SHARE ROW EXCLUSIVE MODE"))
    found: datetime = connection.execute(text("SELECT cim.record_time()")).scalar_one()
    return found


def judge(connection: Connection, delivery: Delivery, at: datetime) -> dict[str, int]:
    """Compare what is staged with what is held: {fate: how many}; fates: added, changed, moved, ended, unchanged.

    Leaves the verdicts in the temporary table `delivery` for `apply`. Writes new objects, so roll back after a preview.
    """
    _create_delivery(connection)
    connection.execute(text("ANALYZE staging (source_row, source_key)"))  # what is joined; shapes take most of the time
    # What is sorted and joined here is the whole delivery, once: it may take what building an index may.
    connection.execute(text("SELECT set_config('work_mem', current_setting('maintenance_work_mem'), true)"))
    kind = _kind(delivery.layer)
    if delivery.mode == "terminate":
        _run(connection, f"judge_ended_{kind}", delivery, at)
    else:
        _run(connection, "identify_objects", delivery, at)
        _run(connection, f"judge_{kind}", delivery, at)
        if delivery.mode == "replace":
            connection.execute(text("CREATE INDEX ON delivery (held_id) WHERE held_id IS NOT NULL"))
            _run(connection, f"judge_absent_{kind}", delivery, at)
    _run(connection, f"judge_overtaken_{kind}", delivery, at)
    connection.execute(text("ANALYZE delivery"))
    counted = "SELECT fate, count(*) FROM delivery WHERE fate <> 'overtaken' GROUP BY fate ORDER BY fate"
    rows = connection.execute(text(counted))
    return {fate: int(number) for fate, number in rows}


def apply(connection: Connection, delivery: Delivery, at: datetime, changes: dict[str, int]) -> None:
    """Make the judged delivery the state: changed states end and others begin; nothing is deleted."""
    kind = _kind(delivery.layer)
    table = "body" if kind == "bodies" else "feature"
    if any(changes.get(fate) for fate in ("changed", "moved", "ended")):
        _run(connection, f"close_{kind}", delivery, at)
        _run(connection, f"shorten_{kind}", delivery, at)
    fresh = sum(changes.get(fate, 0) for fate in ("added", "changed", "moved"))
    if fresh:
        if kind == "bodies":
            connection.execute(text(_PICTURES))
        with indexes_deferred(connection, table, fresh):
            _run(connection, f"insert_{kind}", delivery, at)
    if fresh >= _TELLING:
        connection.execute(text(f"ANALYZE cim.{table}"))
        connection.execute(text("ANALYZE cim.object"))


def touched(connection: Connection, dataset_id: int, at: datetime) -> None:
    """Leave in the temporary table `delivery` the bodies of a dataset whose states began or ended at this record time."""
    _create_delivery(connection)
    connection.execute(
        text("""
            INSERT INTO delivery (object_id, lod, fate)
            SELECT DISTINCT building_id, lod, 'restored' FROM cim.body
            WHERE dataset_id = :dataset_id AND (record_from = :stamp OR record_to = :stamp)"""),
        {"dataset_id": dataset_id, "stamp": at},
    )


def unknown_keys(connection: Connection, dataset_id: int) -> list[int]:
    """Staged records (source rows) whose keys name nothing that the dataset holds now."""
    rows = connection.execute(statement("select_unknown_keys"), {"dataset_id": dataset_id})
    return [int(row) for row in rows.scalars()]


def known_keys(connection: Connection, dataset_id: int) -> list[int]:
    """Staged records (source rows) whose keys name something that the dataset holds now."""
    rows = connection.execute(statement("select_known_keys"), {"dataset_id": dataset_id})
    return [int(row) for row in rows.scalars()]


def _create_delivery(connection: Connection) -> None:
    connection.execute(
        text("""
            CREATE TEMPORARY TABLE delivery (
                source_row int8, object_id int8, lod float4, held_id int8, held_from timestamptz, held_to timestamptz,
                since timestamptz, fate text) ON COMMIT DROP""")
    )


def _run(connection: Connection, name: str, delivery: Delivery, at: datetime) -> None:
    sql = statement(name)
    values = {
        "dataset_id": delivery.dataset_id,
        "version_id": delivery.version_id,
        "layer": delivery.layer.name,
        "since": delivery.since,
        "stamp": at,
    }
    connection.execute(sql, {k: v for k, v in values.items() if k in sql.compile().params})


def _kind(layer: Layer) -> str:
    return "bodies" if layer.name == "buildings" else "features"


@contextmanager
def indexes_deferred(connection: Connection, table: str, fresh: int, *, least: int = _LARGE) -> Iterator[None]:
    """Take the table's indexes (all but its primary key) down for an insert that at least doubles it.

    least: so many fresh rows are worth it.
    """
    held = int(
        connection.execute(
            text("SELECT count(*) FROM (SELECT FROM cim." + table + " LIMIT :n) t"), {"n": fresh}
        ).scalar_one()
    )
    if fresh < least or held >= fresh:
        yield
        return
    indexes = connection.execute(
        text("""
            SELECT format('%I.%I', schemaname, indexname) AS name, indexdef FROM pg_indexes
            WHERE schemaname = 'cim' AND tablename = :table AND indexname <> :key ORDER BY indexname"""),
        {"table": table, "key": f"{table}_pkey"},
    ).all()
    connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    for index in indexes:
        connection.execute(text(f"DROP INDEX {index.name}"))
    yield
    for index in indexes:
        connection.exec_driver_sql(index.indexdef)
