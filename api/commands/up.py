"""`cim up`: from nothing to a running city, each step skipped where nothing changed."""

import argparse
import subprocess
import time
from pathlib import Path

from api import freshness, supervisor
from api.commands import command
from api.connection import connect
from api.ports import refuse_taken_port
from api.terminal import Terminal
from cim.city import City
from cim.errors import Conflict
from cim.settings import Settings
from cim.store import divisions
from cim.store.db import Database

_CHECKOUT = Path(__file__).resolve().parents[2]


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0, or 3 when some sources were refused. Returns when the server answers, or (attached) when it ends."""
    began = time.monotonic()
    city = settings.city()
    served = supervisor.running(settings)
    if served is None:
        refuse_taken_port(settings.port)
    elif served.port != settings.port:
        raise Conflict(
            f"{settings.data} is served already on port {served.port}, CIM_PORT says {settings.port}; `make down` first"
        )
    viewer = start_viewer_build()
    settings.data.mkdir(parents=True, exist_ok=True)
    with terminal.stage("database"):
        database = connect(settings, terminal)
    refused = 0
    if freshness.is_fresh(settings, city, database):
        terminal.line("unchanged  sources, terrain, imagery and city are as the last start left them")
    else:
        refused = _make(settings, city, database, terminal)
    database.close()
    finish_viewer_build(viewer, terminal)
    with terminal.stage("server"):
        started = supervisor.running(settings) or supervisor.start(settings)
    terminal.line(f"{time.monotonic() - began:7.1f} s  in all")
    title = " ".join(dict.fromkeys((city.name, city.name_en)))
    terminal.line(f"{title}: http://127.0.0.1:{started.port}/   (stop with `make down`)")
    if not parsed.detach:
        _wait(settings, terminal)
    return 3 if refused else 0


def _make(settings: Settings, city: City, database: Database, terminal: Terminal) -> int:
    """The sample, the loads and the builds; how many sources were refused."""
    load = command("load")
    load.make_sample(settings, city, terminal)
    with terminal.stage("load"):
        loaded = load.load_all(settings, database, city, terminal)
        terminal.progress(sum(r.accepted for r in loaded.reports), None, f"records of {len(loaded.reports)} sources")
    with database.begin() as connection:
        divided = bool(divisions.outlines(connection))
    if divided:
        command("grid").derive(settings, database, terminal)
    command("protection").derive(settings, database, terminal)
    command("forms").derive(settings, database, terminal)
    command("build").build_all(settings, database, terminal)
    if not loaded.refusals:
        freshness.remember(settings, city, database)
    return len(loaded.refusals)


def start_viewer_build() -> "subprocess.Popen[str] | None":
    """Build the viewer beside the rest of the work (it waits on Node, the rest on Python and PostGIS)."""
    script = _CHECKOUT / "tools" / "viewer.sh"
    if not script.is_file():
        return None
    return subprocess.Popen([str(script)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish_viewer_build(process: "subprocess.Popen[str] | None", terminal: Terminal) -> None:
    """Wait for the viewer; without it the server still starts, and says so."""
    if process is None:
        return
    with terminal.stage("viewer (waited for; it was built beside the stages above)"):
        output, _ = process.communicate()
    if process.returncode:
        terminal.line(f"the viewer was not built: {(output.strip().splitlines() or ['no word'])[-1]}")


def _wait(settings: Settings, terminal: Terminal) -> None:
    """Stay until the server ends or Ctrl-C, which stops it and the database."""
    terminal.line("Ctrl-C stops it")
    try:
        while supervisor.running(settings) is not None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        command("down").run(settings, argparse.Namespace(), terminal)
