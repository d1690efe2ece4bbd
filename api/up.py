"""From nothing to a running city: database, sample, loads, products, server; each step skipped where nothing changed."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from api import supervisor
from api.doctor import port_holder
from api.terminal import Terminal
from cim.city import City
from cim.errors import BadInput, CimError, Conflict
from cim.settings import Settings
from cim.store.db import Database
from cim.store.embedded import ensure_cluster, stop_cluster
from cim.types import Report
from loaders import pipeline
from tilesets import products

_CHECKOUT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading several sources came to: a report each, and why others were refused."""

    reports: tuple[Report, ...]
    refusals: tuple[CimError, ...]


def connect(settings: Settings, terminal: Terminal) -> Database:
    """The database of these settings, started if it is the private one, migrated. Raises Unavailable, MissingTool ..."""
    url = settings.database_url or ensure_cluster(settings.data, terminal.progress)
    database = Database(url)
    database.migrate(settings.city())
    return database


def make_sample(settings: Settings, city: City, terminal: Terminal) -> None:
    """Run the city's sample generator where a source under {data} is missing."""
    missing = [
        s for s in city.sources if "{data}/sample/" in s.source.location and not _is_there(settings, s.source.location)
    ]
    if city.generator is None or not missing:
        return
    target = settings.data / "sample"
    target.mkdir(parents=True, exist_ok=True)
    with terminal.stage(f"sample city: {len(missing)} files made by {city.generator}"):
        done = subprocess.run(
            [sys.executable, "-m", city.generator, str(target), "--only", "generated"],
            cwd=settings.city_file.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it left no word"]
        raise CimError(f"{city.generator}: {last[0]}")


def load_all(
    settings: Settings, database: Database, city: City, terminal: Terminal, only: tuple[str, ...] = ()
) -> Loaded:
    """Load every source of the city file (or those named); a source that is refused does not keep the others out."""
    unknown = sorted(set(only) - {s.name for s in city.sources})
    if unknown:
        raise BadInput(
            f"no source named {', '.join(unknown)}; {settings.city_file} has {', '.join(s.name for s in city.sources)}"
        )
    reports: list[Report] = []
    refusals: list[CimError] = []
    for named in city.sources:
        if only and named.name not in only:
            continue
        path = settings.locate(named.source.location)
        try:
            report = pipeline.load(database, named, path, city, terminal.progress, time.monotonic)
        except BadInput as error:
            terminal.line(f"refused    {named.name}: {error}")
            refusals.append(error)
            continue
        reports.append(report)
        terminal.line(summary(report))
    return Loaded(tuple(reports), tuple(refusals))


def summary(report: Report) -> str:
    """A report on one line, with the counts by code."""
    if report.unchanged:
        return f"unchanged  {report.dataset}: {report.accepted:,} records"
    codes = ", ".join(f"{code} {n:,}" for code, n in sorted(report.by_code().items()))
    return (
        f"{report.seconds or 0.0:7.1f} s  {report.dataset}: {report.read:,} read, {report.accepted:,} accepted, "
        f"{report.repaired:,} repaired, {report.rejected:,} rejected" + (f" ({codes})" if codes else "")
    )


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


def up(settings: Settings, terminal: Terminal, detach: bool) -> Loaded:
    """Everything, in order. Returns after the server answers (detach) or when it is stopped."""
    began = time.monotonic()
    city = settings.city()
    if supervisor.running(settings) is None:
        refuse_taken_port(settings)
    viewer = start_viewer_build()
    settings.data.mkdir(parents=True, exist_ok=True)
    with terminal.stage("database"):
        database = connect(settings, terminal)
    make_sample(settings, city, terminal)
    with terminal.stage("load"):
        loaded = load_all(settings, database, city, terminal)
        terminal.progress(sum(r.accepted for r in loaded.reports), None, f"records of {len(loaded.reports)} sources")
    products.refresh(database, city, settings.data, terminal.progress, terminal.stage)
    database.close()
    finish_viewer_build(viewer, terminal)
    with terminal.stage("server"):
        started = supervisor.running(settings) or supervisor.start(settings)
    terminal.line(f"{time.monotonic() - began:7.1f} s  in all")
    terminal.line(f"{city.name} {city.name_en}: http://127.0.0.1:{started.port}/   (stop with `make down`)")
    if not detach:
        _wait(settings, terminal)
    return loaded


def refuse_taken_port(settings: Settings) -> None:
    """Raises Conflict with the holder of the port, and the way out, before any work is done."""
    holder = port_holder(settings.port)
    if holder is not None:
        raise Conflict(
            f"port {settings.port} is in use by {holder}; stop it, or choose another port, such as CIM_PORT=8001"
        )


def down(settings: Settings, terminal: Terminal) -> None:
    """Stop what `up` started: the server, then the private database."""
    stopped = supervisor.stop(settings)
    terminal.line("server stopped" if stopped else "no server was running")
    if settings.database_url is None:
        terminal.line("database stopped" if stop_cluster(settings.data) else "no private database was running")


def _wait(settings: Settings, terminal: Terminal) -> None:
    """Stay until the server ends or Ctrl-C, which stops it and the database."""
    terminal.line("Ctrl-C stops it")
    try:
        while supervisor.running(settings) is not None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        down(settings, terminal)


def _is_there(settings: Settings, location: str) -> bool:
    return settings.locate(location).is_file()
