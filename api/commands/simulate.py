"""`cim simulate`: sensors, a vehicle and an incident played into a running service, through the doors of real devices."""

import argparse

from api import supervisor
from api.terminal import Terminal
from cim.settings import Settings
from loaders.simulation.simulate import simulate


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0 when the time is over or Ctrl-C came."""
    server = supervisor.running(settings)
    port = settings.port if server is None else server.port
    with terminal.stage("simulate"):
        simulate(
            parsed.url or f"http://127.0.0.1:{port}",
            seed=parsed.seed,
            speed=parsed.speed,
            duration_s=parsed.duration,
            fixes=settings.locate(parsed.fixes) if parsed.fixes else None,
            backfill_s=parsed.backfill,
            progress=terminal.progress,
        )
    return 0
