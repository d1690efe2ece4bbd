"""`cim serve`: the server in this process, until it is told to stop."""

import argparse

import uvicorn

from api import supervisor
from api.app import create_app
from api.connection import connect
from api.ports import refuse_taken_port
from api.terminal import Terminal
from cim.settings import Settings


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0 after a stop; Conflict where the port is taken."""
    refuse_taken_port(settings.port)
    connect(settings, terminal).close()
    supervisor.record_self(settings)
    uvicorn.run(
        create_app(settings),
        host=parsed.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    return 0
