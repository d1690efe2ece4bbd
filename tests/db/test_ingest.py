"""The writer of observations and the bus behind it: a bad request and an unforeseen error harm nobody else."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from api import bus as telling
from api.ingest import Writer
from api.metrics import Metrics
from cim.errors import CimError, Conflict, Unavailable, Unknown
from cim.store import bus, live, series
from cim.store.db import Database
from cim.types import Box, Observation
from tests.sse_client import listening

pytestmark = pytest.mark.db
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Outcome = BaseException | None


def observe(stream: int, minute: int, result: float) -> list[Observation]:
    return [Observation(stream, NOW + timedelta(minutes=minute), result, None)]


def store(database: Database, requests: Sequence[list[Observation]]) -> tuple[list[Outcome], str]:
    """What each of several requests hears that arrive at once, and the metrics afterwards."""
    metrics = Metrics()
    writer = Writer(database, Box(113, 40, 114, 41), metrics, lambda: NOW)

    async def run() -> list[Outcome]:
        return await asyncio.gather(*(writer.store(request) for request in requests), return_exceptions=True)

    return asyncio.run(run()), metrics.text()


def kinds(outcomes: list[Outcome]) -> list[type | None]:
    return [None if one is None else type(one) for one in outcomes]


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[list[float]], Exception | None]], list[int]]:
    """Makes writes fail as a function of their results says; returns the sizes of the groups, as they are written."""

    def install(fails: Callable[[list[float]], Exception | None]) -> list[int]:
        sizes: list[int] = []
        write = series.write

        def failing(connection: Connection, given: Sequence[Observation], **options: Any) -> series.Written:
            sizes.append(len(given))
            error = fails([o.result for o in given])
            written = write(connection, given, **options)
            if error is not None:
                raise error
            return written

        monkeypatch.setattr(series, "write", failing)
        return sizes

    return install


def test_a_request_that_cannot_be_written_fails_alone(
    database: Database, stations: dict[str, int], groups: Callable[..., list[int]]
) -> None:
    sizes = groups(lambda results: CimError("spoilt") if 666.0 in results else None)
    requests = [observe(stations["G1"], n, result) for n, result in enumerate((1.0, 666.0, 3.0))]
    outcomes, metrics = store(database, requests)
    assert kinds(outcomes) == [None, CimError, None]
    assert sizes == [3, 1, 1, 1]
    with database.begin() as connection:
        assert [o.result for o in series.observations(connection)] == [1.0, 3.0]
    assert "cim_observations_total 2" in metrics


def test_a_conflict_is_tried_once_more(
    database: Database, stations: dict[str, int], groups: Callable[..., list[int]]
) -> None:
    left = [Conflict("deadlock")]
    groups(lambda results: left.pop() if left else None)
    assert store(database, [observe(stations["G1"], 0, 1.0)])[0] == [None]


def test_an_outage_fails_the_group_at_once(
    database: Database, stations: dict[str, int], groups: Callable[..., list[int]]
) -> None:
    sizes = groups(lambda results: Unavailable("away"))
    outcomes, _ = store(database, [observe(stations["G1"], n, 1.0) for n in range(3)])
    assert kinds(outcomes) == [Unavailable] * 3
    assert sizes == [3]


def test_an_unknown_datastream_is_asked_for_once_and_left_out(
    database: Database, stations: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[int]] = []
    unknown = series.unknown
    monkeypatch.setattr(series, "unknown", lambda connection, ids: asked.append(ids) or unknown(connection, ids))
    outcomes, _ = store(database, [observe(stations["G1"], 0, 1.0), observe(999_999, 0, 1.0)])
    assert kinds(outcomes) == [None, Unknown]
    assert len(asked) == 1


def test_a_write_may_leave_the_telling_to_its_caller(database: Database, stations: dict[str, int]) -> None:
    id = stations["G1"]
    with database.begin() as connection:
        assert series.write(connection, observe(id, 0, 1.0), announce=False) == series.Written(1, (id,))
        assert bus.newest(connection) == 0
        assert series.write(connection, observe(id, 1, 2.0)) == series.Written(1, (id,))
        assert [row.keys for row in bus.read(connection, 0)] == [(id,)]


def test_what_has_no_keys_is_missed_too(database: Database) -> None:
    with database.begin() as connection:
        for data in ({"tileset": "city"}, {"tileset": "city"}, {"tileset": "terrain"}):
            bus.announce(connection, "tile", data)
        bus.tell(connection, "incident", [7, 8])
        rows = bus.missed(connection, 0, bus.newest(connection), limit=10)
        told = [(row.id, row.kind, row.keys, row.data) for row in rows]
        assert bus.missed(connection, 0, bus.newest(connection), limit=3) == rows[:3]
    assert told == [
        (2, "tile", (), {"tileset": "city"}),
        (3, "tile", (), {"tileset": "terrain"}),
        (4, "incident", (7,), None),
        (4, "incident", (8,), None),
    ]


def test_an_unforeseen_error_does_not_end_the_telling(
    serve: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = serve()
    expand, broken = live.expand, True

    def failing(*arguments: Any) -> Any:
        if broken:
            raise ZeroDivisionError("nobody thought of this")
        return expand(*arguments)

    def said(state: str) -> bool:
        deadline = time.monotonic() + 60
        while httpx.get(f"{base}/health").json()["live"] != state and time.monotonic() < deadline:
            time.sleep(0.02)
        return bool(httpx.get(f"{base}/health").json()["live"] == state)

    assert said("ok")
    monkeypatch.setattr(telling.live, "expand", failing)
    body = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [113.29, 40.09]},
        "properties": {"kind": "fire", "title": "x", "severity": 4, "is_synthetic": True},
    }
    with listening(base) as stream:
        made = httpx.post(f"{base}/incidents", json=body).json()["id"]
        assert said("down")
        assert stream.events.empty()
        broken = False
        assert stream.next().data["id"] == made
    assert said("ok")
