"""`cim load`: the city file's sources into the store; one that is refused does not keep the others out."""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

from api.connection import connect
from api.terminal import Terminal
from cim.city import City, NamedSource
from cim.errors import BadInput, BadSettings, CimError
from cim.layers import LAYERS, PROVENANCE
from cim.settings import Settings
from cim.store.db import Database
from cim.types import Report
from loaders import pipeline


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading several sources came to: a report each, and why others were refused."""

    reports: tuple[Report, ...]
    refusals: tuple[CimError, ...]


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0 when all went in, 3 when some were refused, 1 when nothing went in."""
    city = settings.city()
    database = connect(settings, terminal)
    make_sample(settings, city, terminal)
    loaded = load_all(settings, database, city, terminal, tuple(parsed.source))
    return 1 if loaded.refusals and not loaded.reports else 3 if loaded.refusals else 0


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
    for named in city.sources:
        if named.source.layer not in LAYERS:
            known = ", ".join(LAYERS)
            raise BadSettings(
                f"{settings.city_file}: source {named.name}: no layer {named.source.layer!r}; known: {known}"
            )
        refuse_strange_columns(settings, named)
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


def refuse_strange_columns(settings: Settings, named: NamedSource) -> None:
    """A target that the layer does not have is a slip of the pen, not an attribute. Raises BadSettings."""
    layer = LAYERS[named.source.layer]
    known = {column.name for column in layer.columns} | {*PROVENANCE, *layer.key.split("+"), "lon", "lat"}
    strange = sorted((set(named.source.columns) | set(named.source.constants)) - known)
    if strange:
        raise BadSettings(
            f"{settings.city_file}: source {named.name}: layer {layer.name} has no column {', '.join(strange)}; "
            f"it has {', '.join(sorted(known))}"
        )


def summary(report: Report) -> str:
    """A report on one line, with the counts by code."""
    if report.unchanged:
        return f"unchanged  {report.dataset}: {report.accepted:,} records"
    codes = ", ".join(f"{code} {n:,}" for code, n in sorted(report.codes.items()))
    return (
        f"{report.seconds or 0.0:7.1f} s  {report.dataset}: {report.read:,} read, {report.accepted:,} accepted, "
        f"{report.repaired:,} repaired, {report.rejected:,} rejected" + (f" ({codes})" if codes else "")
    )


def _is_there(settings: Settings, location: str) -> bool:
    return settings.locate(location).is_file()
