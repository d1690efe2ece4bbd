"""`cim offsets`: footprints held against the loaded orthophotos: how far they lie from them, reported and noted."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from api.connection import connect
from api.terminal import Terminal
from cim.errors import BadInput, Conflict, Unknown
from cim.settings import Settings
from cim.store import outlines
from cim.store.db import Database
from loaders.judging.photo_offsets import COARSEST_M, Finding, find


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0, or 3 where a dataset lies further off than the stated accuracies allow.

    Raises BadInput where no photo is loaded that is fine enough, Unknown for a dataset that tells of no building, and
    Conflict, at the end, for those that were loaded anew while they were measured: nothing is kept of them.
    """
    city, database = settings.city(), connect(settings, terminal)
    with database.begin() as connection:
        photos, known = outlines.photos(connection), outlines.datasets(connection)
    if not any(float(photo["pixel_m"]) <= COARSEST_M for photo in photos):
        raise BadInput(
            f"no orthophoto of pixels up to {COARSEST_M:g} m is loaded: there is nothing to hold footprints against"
        )
    strange = sorted(set(parsed.dataset) - set(known))
    if strange:
        raise Unknown(f"no dataset {', '.join(strange)} tells of buildings; known: {', '.join(known)}")
    findings: list[Finding] = []
    stale: list[str] = []
    for dataset in parsed.dataset or known:
        with terminal.stage(f"{dataset} against the orthophoto"):
            with database.begin() as connection:
                held = outlines.of_dataset(connection, dataset)
            found = find(dataset, held.footprint, held.accuracy_m, photos, city.crs, terminal.progress, parsed.reach)
        terminal.line(f"           {found.sentence()}")
        try:
            _note(database, held, found, photos)
        except Conflict as error:
            terminal.line(f"{error.code}   {dataset}: {error}")
            stale.append(dataset)
            continue
        findings.append(found)
    path = settings.data / "reports" / "photo_offsets.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [finding.plain() for finding in findings]
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    terminal.line(f"           cell by cell in {path}")
    if stale:
        raise Conflict(f"loaded anew while it was measured: {', '.join(stale)}; run `cim offsets {' '.join(stale)}`")
    return 3 if any(finding.verdict == "differs" for finding in findings) else 0


def _note(database: Database, held: outlines.Outlines, found: Finding, photos: Sequence[dict[str, Any]]) -> None:
    """What was found, on the version that was measured. Raises Conflict where another one is published by now."""
    if held.version is not None:
        with database.begin() as connection:
            outlines.note(connection, held.version, found.noted(photos))
