"""Running services over the test's own database, and a small city's worth of devices in it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import httpx
import pytest
import uvicorn

from api.app import create_app
from cim.settings import Settings
from cim.store import things
from cim.store.db import Database

STATIONS = [
    {
        "code": "G1",
        "name": "燃气1",
        "kind": "gas",
        "observed_property": "LEL",
        "unit": "%LEL",
        "lon": 113.29,
        "lat": 40.09,
    }
    | {"period_s": 60, "thresholds": {"level_1": 25.0, "level_2": 50.0}, "is_synthetic": True, "source": "generator"},
    {"code": "W1", "name": "册田水库", "kind": "water_level", "observed_property": "level", "unit": "m"}
    | {"lon": 113.75, "lat": 39.95, "period_s": 300}
    | {"thresholds": [{"name": "flood_limit", "value": 956.0}, {"name": "emergency_spillway", "value": 956.31}]},
    {
        "code": "T1",
        "name": "路口1",
        "kind": "traffic",
        "observed_property": "speed",
        "unit": "km/h",
        "lon": 113.30,
        "lat": 40.08,
    }
    | {"period_s": 60},
]


@pytest.fixture
def stations(database: Database) -> dict[str, int]:
    """Three stations and a vehicle: {code: datastream id}."""
    with database.begin() as connection:
        ids = things.put_stations(connection, STATIONS)
        ids |= things.put_vehicles(connection, [{"code": "V1", "lon": 113.28, "lat": 40.09, "period_s": 10}])
        streams = {row["thing_id"]: row["id"] for row in things.datastreams(connection)}
    return {code: streams[id] for code, id in ids.items()}


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """A real server on a free port, in a thread; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        app = create_app(replace(settings, port=port))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[], str]]:
    """Starts servers over the test's database, as many as are asked for."""
    with ExitStack() as running:
        yield lambda: running.enter_context(serving(settings))


@pytest.fixture
def client(serve: Callable[[], str]) -> Iterator[httpx.Client]:
    """A client of one running server."""
    with httpx.Client(base_url=serve(), timeout=20) as client:
        yield client
