"""/live over real sockets: every server on a database tells every event, clients resume, and nobody holds up a stop."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import text

from cim.settings import Settings
from cim.store import bus, incidents, series
from cim.store.db import Database
from cim.types import Observation
from tests.sse_client import listening

pytestmark = pytest.mark.db
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def report(base: str, lon: float = 113.29, title: str = "x") -> int:
    body = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, 40.09]},
        "properties": {"kind": "fire", "title": title, "severity": 4, "is_synthetic": True},
    }
    answer = httpx.post(f"{base}/incidents", json=body)
    answer.raise_for_status()
    return int(answer.json()["id"])


def observe(base: str, stream: int, minute: int, value: float) -> None:
    body = {
        "phenomenonTime": (NOW + timedelta(minutes=minute)).isoformat(),
        "result": value,
        "Datastream": {"@iot.id": stream},
    }
    httpx.post(f"{base}/sta/v1.1/Observations", json=body).raise_for_status()


def test_an_incident_is_told_with_each_step(serve: Callable[[], str]) -> None:
    base = serve()
    with listening(base) as stream:
        id = report(base)
        first = stream.next()
        httpx.patch(f"{base}/incidents/{id}", json={"state": "verified"}).raise_for_status()
        second = stream.next()
    assert (first.kind, first.data["id"], first.data["properties"]["state"]) == ("incident", id, "reported")
    assert second.data["properties"]["state"] == "verified"
    assert first.id is not None
    assert second.id is not None
    assert int(second.id) > int(first.id)


def test_an_observation_is_told_with_its_thing_and_state(serve: Callable[[], str], stations: dict[str, int]) -> None:
    base = serve()
    with listening(base) as stream:
        observe(base, stations["W1"], 0, 956.31)
        event = stream.next()
    told = event.data["properties"]
    assert event.kind == "observation"
    assert event.data["geometry"]["coordinates"] == [113.75, 39.95]
    assert (told["datastream_id"], told["kind"], told["unit"], told["value"]) == (
        stations["W1"],
        "water_level",
        "m",
        956.31,
    )
    assert told["time"] == "2026-01-01T00:00:00Z"
    assert told["state"] == "stale"


def test_two_servers_on_one_database_both_tell_every_event(serve: Callable[[], str], stations: dict[str, int]) -> None:
    one, two = serve(), serve()
    with listening(one) as first, listening(two) as second:
        ids = [report(base) for base in (one, two, one, two)]
        observe(two, stations["G1"], 0, 1.0)
        for stream in (first, second):
            told = [stream.next() for _ in range(5)]
            assert [e.data["id"] for e in told[:4]] == ids
            assert told[4].kind == "observation"


def test_filters_keep_the_rest_away(serve: Callable[[], str], stations: dict[str, int]) -> None:
    base = serve()
    with (
        listening(base, "?layers=observations") as readings,
        listening(base, "?layers=incidents&bbox=113.28,40,113.30,41") as near,
    ):
        far, close = report(base, lon=113.5), report(base, lon=113.29)
        observe(base, stations["G1"], 0, 1.0)
        assert readings.next().kind == "observation"
        assert near.next().data["id"] == close != far
        assert near.events.empty()
        assert readings.events.empty()


def test_who_comes_back_gets_what_was_missed_each_thing_once(
    serve: Callable[[], str], stations: dict[str, int]
) -> None:
    base = serve()
    with listening(base) as stream:
        report(base)
        seen = stream.next().id
    for minute in range(5):
        observe(base, stations["G1"], minute, float(minute))
    missed = report(base)
    with listening(base, last_id=seen) as stream:
        reading, incident = stream.next(), stream.next()
        assert (reading.kind, reading.data["properties"]["value"]) == ("observation", 4.0)
        assert (incident.kind, incident.data["id"]) == ("incident", missed)
        after = report(base)
        assert stream.next().data["id"] == after
    httpx.patch(f"{base}/incidents/{after}", json={"state": "rejected"}).raise_for_status()
    with listening(base, last_id=stream.last_id) as stream:
        assert stream.next().data["properties"]["state"] == "rejected"
    with listening(base, f"?last_event_id={seen}") as stream:
        assert [stream.next().data["id"] for _ in range(3)][1:] == [missed, after]


def test_a_client_knows_where_it_stands_before_the_first_event(serve: Callable[[], str]) -> None:
    base = serve()
    report(base)
    time.sleep(0.5)
    with listening(base, "?layers=observations") as stream:
        deadline = time.monotonic() + 60
        while not stream.last_id and time.monotonic() < deadline:
            time.sleep(0.02)
    assert int(stream.last_id) > 0


def test_what_is_no_longer_remembered_is_said(serve: Callable[[], str], database: Database) -> None:
    base = serve()
    for _ in range(3):
        report(base)
    with database.begin() as connection:
        assert bus.forget(connection, hours=0) == 2
    with listening(base, last_id="0") as stream:
        assert [stream.next().kind for _ in range(2)] == ["reset", "incident"]
    with listening(base, last_id="999999") as stream:
        assert stream.next().kind == "reset"


def test_an_event_of_several_keys_is_resumable_at_its_end_only(
    serve: Callable[[], str], database: Database, stations: dict[str, int]
) -> None:
    base = serve()
    with listening(base) as stream:
        with database.begin() as connection:
            series.write(connection, [Observation(stations[code], NOW, 1.0) for code in ("G1", "W1", "T1")])
        ids = [stream.next().id for _ in range(3)]
    assert ids[:2] == [None, None]
    assert ids[2] is not None


def test_a_websocket_tells_the_same(serve: Callable[[], str], stations: dict[str, int]) -> None:
    base = serve()
    address = base.replace("http", "ws")

    async def next_event(line: websockets.ClientConnection) -> Any:
        while True:
            told = json.loads(await asyncio.wait_for(line.recv(), 10))
            if told["event"] != "heartbeat":
                return told

    async def run() -> None:
        async with websockets.connect(f"{address}/live?layers=incidents") as line:
            id = await asyncio.to_thread(report, base)
            told = await next_event(line)
        assert (told["event"], told["data"]["id"]) == ("incident", id)
        more = await asyncio.to_thread(report, base)
        async with websockets.connect(f"{address}/live?last_event_id={told['id']}") as line:
            again = await next_event(line)
        assert again["data"]["id"] == more
        async with websockets.connect(f"{address}/live?layers=fires") as line:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await line.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008

    asyncio.run(run())


def test_clients_are_counted_and_forgotten_when_they_leave(serve: Callable[[], str]) -> None:
    base = serve()

    def count() -> str:
        return httpx.get(f"{base}/metrics").text.rpartition("cim_live_clients ")[2].strip()

    with listening(base), listening(base):
        assert count() == "2"
    deadline = time.monotonic() + 60
    while count() != "0" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert count() == "0"


def test_the_bus_comes_back_after_an_outage_and_loses_nothing(serve: Callable[[], str], database: Database) -> None:
    base = serve()
    with listening(base) as stream:
        first = report(base)
        assert stream.next().data["id"] == first
        with database.begin() as connection:
            connection.execute(
                text("""
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()""")
            )
            second = incidents.report(connection, kind="fire", title="during", severity=1, lonlat=(113.29, 40.09))
        assert stream.next().data["id"] == second


def test_writers_at_the_same_rows_neither_lock_up_nor_lose_the_order(
    database: Database, stations: dict[str, int]
) -> None:
    ids = [stations[code] for code in ("G1", "W1", "T1", "V1")]
    failures: list[Exception] = []

    def work(number: int) -> None:
        order = ids if number % 2 else ids[::-1]
        try:
            for n in range(20):
                time_ = NOW + timedelta(seconds=n * 8 + number)
                with database.begin() as connection:
                    series.write(connection, [Observation(id, time_, float(n), (113.3, 40.1)) for id in order])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    with database.begin() as connection:
        assert series.total(connection) == 8 * 20 * 4
        rows = bus.read(connection, 0, limit=10_000)
    told = [row.id for row in rows]
    assert told == sorted(set(told))


def test_a_server_with_open_streams_stops_when_told(settings: Settings, database: Database, checkout: Path) -> None:
    program = "import uvicorn, sys; from pathlib import Path; from api.app import create_app; "
    program += "from cim.settings import Settings; "
    program += "s = Settings(data=Path(sys.argv[1]), city_file=Path(sys.argv[2]), database_url=sys.argv[3]); "
    program += "uvicorn.run(create_app(s), port=int(sys.argv[4]), log_level='info')"
    arguments = [str(settings.data), str(settings.city_file), database.url, str(settings.port)]
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=checkout, env=os.environ.copy())
    base = f"http://127.0.0.1:{settings.port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{base}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        with listening(base) as stream:
            report(base)
            stream.next()
            process.send_signal(signal.SIGTERM)
            assert stream.ended.wait(8), "the stream was not ended"
            assert process.wait(8) in (0, -signal.SIGTERM)
    finally:
        if process.poll() is None:
            process.kill()
