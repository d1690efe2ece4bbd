"""The server process of a data folder: started, found, never doubled, stopped by its own id."""

import os
import socket

import pytest

from api import supervisor
from cim.errors import Conflict
from cim.settings import Settings
from tests.conftest import CHECKOUT, command_environment

pytestmark = pytest.mark.db


@pytest.fixture
def placed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(CHECKOUT)
    for name, value in command_environment(settings).items():
        monkeypatch.setenv(name, value)
    return settings


def test_a_server_is_started_found_and_stopped(placed: Settings) -> None:
    assert supervisor.running(placed) is None
    started = supervisor.start(placed)
    try:
        assert supervisor.running(placed) == started
        assert supervisor.is_healthy(placed.port)
    finally:
        assert supervisor.stop(placed)
    assert not started.is_alive()
    assert supervisor.running(placed) is None
    assert not supervisor.stop(placed)


def test_a_taken_port_is_told_by_the_server_that_could_not_start(placed: Settings) -> None:
    with (
        socket.create_server(("127.0.0.1", placed.port)),
        pytest.raises(Conflict, match=f"port {placed.port} is in use"),
    ):
        supervisor.start(placed)
    assert supervisor.running(placed) is None


def test_a_recycled_process_id_is_not_taken_for_the_server(placed: Settings) -> None:
    supervisor.record_self(placed)
    assert supervisor.running(placed) is not None
    record = placed.data / "run" / "server.json"
    record.write_text(f'{{"pid": {os.getpid()}, "born": 1, "port": {placed.port}}}')
    assert supervisor.running(placed) is None
