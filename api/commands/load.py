"""`cim load`: the city file's sources into the store; one that is refused does not keep the others out."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from api import first_sight
from api.connection import connect
from api.reports import files as report_files
from api.terminal import Terminal
from cim import crs as frames
from cim.city import City
from cim.errors import BadInput, BadSettings, CimError, Conflict
from cim.layers import LAYERS, PROVENANCE, VALIDITY
from cim.settings import Settings
from cim.source_entry import NamedSource
from cim.store import catalogue
from cim.store.db import Database
from cim.store.geoid import open_geoid
from cim.types import Report
from loaders import devices, pipeline
from loaders.delivery import locations
from loaders.delivery.deliveries import Depot
from loaders.delivery.locations import Location
from loaders.judging.keys import NAMED
from loaders.retry import retry


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading several sources came to: a report each, and why others were refused."""

    reports: tuple[Report, ...]
    refusals: tuple[CimError, ...]


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0 when all went in, 3 when some were refused, 1 when nothing went in."""
    city = settings.city()
    unnamed = [one for one in parsed.source if one not in {s.name for s in city.sources} and first_sight.is_place(one)]
    named = [one for one in parsed.source if one not in unnamed]
    if unnamed and (parsed.retry or parsed.file is not None):
        option = "--retry" if parsed.retry else "--file"
        raise BadInput(f"{option} is said of a source by its name; {unnamed[0]} is a place, which has none yet")
    chosen = [] if unnamed and not named else _chosen(settings, city, named, parsed)
    database = connect(settings, terminal)
    if parsed.retry:
        return _exit_code(_retry(settings, database, city, chosen, parsed, terminal))
    if chosen:
        make_sample(settings, city, terminal)
    depot = open_depot(settings, city, terminal)
    try:
        with database.begin() as connection:
            held = {one.dataset: one.layer for one in catalogue.published(connection)}
        seen = first_sight.look_at(unnamed, city, held, parsed, depot, terminal)
        for one in seen.sources:
            refuse_strange(settings, one)
        loaded = _load(settings, database, city, [*chosen, *seen.sources], depot, terminal, preview=parsed.preview)
    finally:
        clear(depot, database)
    return _exit_code(Loaded(loaded.reports, (*seen.refusals, *loaded.refusals)))


def _exit_code(loaded: Loaded) -> int:
    return 1 if loaded.refusals and not loaded.reports else 3 if loaded.refusals else 0


def _retry(
    settings: Settings,
    database: Database,
    city: City,
    chosen: Sequence[NamedSource],
    parsed: argparse.Namespace,
    terminal: Terminal,
) -> Loaded:
    """Judge what is in quarantine again. Rasters, points and devices have none to go through."""
    geoid = open_geoid(city)
    kept = [
        s
        for s in chosen
        if LAYERS[s.source.layer].geometry not in ("raster", "points") and s.source.layer not in devices.LAYERS
    ]
    loaded = _each(
        chosen if parsed.source else kept,
        terminal,
        lambda named: retry(database, named, city, terminal.progress, time.monotonic, geoid=geoid),
    )
    _write_reports(settings, database, city, loaded.reports, terminal)
    return loaded


def load_all(settings: Settings, database: Database, city: City, terminal: Terminal) -> Loaded:
    """Load every source of the city file; a source that is refused does not keep the others out."""
    for named in city.sources:
        refuse_strange(settings, named)
    depot = open_depot(settings, city, terminal)
    try:
        return _load(settings, database, city, city.sources, depot, terminal)
    finally:
        clear(depot, database)


def _load(
    settings: Settings,
    database: Database,
    city: City,
    chosen: Sequence[NamedSource],
    depot: Depot,
    terminal: Terminal,
    *,
    preview: bool = False,
) -> Loaded:
    geoid = open_geoid(city)

    def one(named: NamedSource) -> list[Report]:
        delivery = depot.bring(placed(settings, named.source.location))
        try:
            report = pipeline.load(
                database,
                named,
                delivery,
                city,
                terminal.progress,
                time.monotonic,
                geoid=geoid,
                preview=preview,
                data=settings.data,
            )
        except BadInput:
            if not preview:
                _report_refused(settings, database, city, named.name, terminal)
            raise
        return [report]

    loaded = _each(chosen, terminal, one)
    if not preview:
        _write_reports(settings, database, city, loaded.reports, terminal)
    return loaded


def open_depot(settings: Settings, city: City, terminal: Terminal) -> Depot:
    """Where this command fetches and unpacks deliveries."""
    return Depot(settings.data / "deliveries", city.intake, terminal.progress)


def placed(settings: Settings, location: str) -> Location:
    """A location as the city file writes it, its path beside the city file."""
    found = locations.parse(location)
    return found if found.is_remote else replace(found, place=str(settings.locate(found.place)))


def clear(depot: Depot, database: Database) -> None:
    """Remove what was fetched and unpacked, but for what pixels and points are read from. A lost store clears nothing."""
    try:
        with database.begin() as connection:
            kept = catalogue.pixel_places(connection)
    except CimError:
        return
    depot.clear(kept)


def _write_reports(
    settings: Settings, database: Database, city: City, reports: Sequence[Report], terminal: Terminal
) -> None:
    """A page and JSON for each load that published something; said where there is something to read."""
    for report in reports:
        if report.version is not None and not report.unchanged:
            page = report_files.write(settings, database, city, report.dataset, report.version)
            if report.rejected or report.repaired or report.noted:
                terminal.line(f"           report: {page}")


def _report_refused(settings: Settings, database: Database, city: City, dataset: str, terminal: Terminal) -> None:
    """The page of a refused load, where it came far enough to leave a version."""
    with database.begin() as connection:
        newest = next(iter(catalogue.versions(connection, dataset)), None)
    if newest is not None and newest["state"] == "failed":
        terminal.line(f"           report: {report_files.write(settings, database, city, dataset, newest['id'])}")


def _each(chosen: Sequence[NamedSource], terminal: Terminal, act: Callable[[NamedSource], Sequence[Report]]) -> Loaded:
    """Do it for every source; what one is refused for is said, and the next one comes."""
    reports: list[Report] = []
    refusals: list[CimError] = []
    for named in chosen:
        try:
            found = act(named)
        except (BadInput, Conflict) as error:
            terminal.line(f"refused    {named.name}: {error}")
            refusals.append(error)
            continue
        for report in found:
            terminal.line(summary(report))
        reports += found
        if not found:
            terminal.line(f"nothing    {named.name}: its quarantine is empty")
    return Loaded(tuple(reports), tuple(refusals))


def _chosen(settings: Settings, city: City, named: Sequence[str], parsed: argparse.Namespace) -> list[NamedSource]:
    """The sources that a command line names (default: all), as it wants them delivered."""
    unknown = sorted(set(named) - {s.name for s in city.sources})
    if unknown:
        there = ", ".join(s.name for s in city.sources)
        raise BadInput(f"no source named {', '.join(unknown)}, nor such a file; {settings.city_file} has {there}")
    chosen = [s for s in city.sources if not named or s.name in named]
    stated = {
        "mode": parsed.mode,
        "valid_from": parsed.valid_from,
        "location": parsed.file,
        "anchor": parsed.anchor,
        "up": parsed.up,
    }
    stated = {key: value for key, value in stated.items() if value is not None}
    if parsed.crs is not None:
        stated["crs"] = frames.parse(parsed.crs)
    if stated and len(named) != 1:
        raise BadInput(
            "--mode, --valid-from, --file, --crs, --anchor and --up are said of one delivery: "
            "name the one source they are for"
        )
    if parsed.file is not None:
        found = locations.parse(parsed.file)
        stated["location"] = str(found if found.is_remote else replace(found, place=str(Path(found.place).resolve())))
    chosen = [replace(one, source=replace(one.source, **stated)) for one in chosen]
    for one in chosen:
        refuse_strange(settings, one)
    return chosen


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


def refuse_strange(settings: Settings, named: NamedSource) -> None:
    """A layer or a target column that there is not is a slip of the pen, not an attribute. Raises BadSettings."""
    if named.source.layer not in LAYERS:
        known = ", ".join(LAYERS)
        raise BadSettings(f"{settings.city_file}: source {named.name}: no layer {named.source.layer!r}; known: {known}")
    layer = LAYERS[named.source.layer]
    columns = {column.name for column in layer.columns} | {
        *PROVENANCE,
        *VALIDITY,
        *layer.key.split("+"),
        "lon",
        "lat",
        "wkt",
        "extra",
        *((NAMED,) if layer.name == "buildings" else ()),
    }
    strange = sorted((set(named.source.columns) | set(named.source.constants)) - columns)
    if strange:
        raise BadSettings(
            f"{settings.city_file}: source {named.name}: layer {layer.name} has no column {', '.join(strange)}; "
            f"it has {', '.join(sorted(columns))}"
        )


def summary(report: Report) -> str:
    """A report on one line, with what it changed and the counts by code; conflicts between sources on a second one."""
    if report.unchanged:
        return f"unchanged  {report.dataset}: {report.accepted:,} records"
    codes = ", ".join(f"{code} {n:,}" for code, n in sorted(report.codes.items()))
    kinds = ", ".join(f"{code} {n:,}" for code, n in sorted(report.conflicts_by_code.items()))
    changes = ", ".join(f"{n:,} {fate}" for fate, n in sorted(report.changes.items()))
    begin = "  preview  " if report.preview else f"{report.seconds or 0.0:7.1f} s  "
    behind = f", going on behind {report.resumed_at:,} staged before" if report.resumed_at else ""
    return (
        f"{begin}{report.dataset}: {report.read:,} read{behind}, {report.accepted:,} accepted, "
        f"{report.repaired:,} repaired, {report.rejected:,} rejected"
        + (f"; {changes}" if changes else "")
        + (f" ({codes})" if codes else "")
        + (f"\n           sources disagree: {kinds}" if kinds else "")
    )


def _is_there(settings: Settings, location: str) -> bool:
    return settings.locate(location).is_file()
