"""`cim offsets`: footprints held against the loaded orthophotos: how far they lie from them, reported and noted."""

import argparse
import json

from api.connection import connect
from api.terminal import Terminal
from cim.errors import BadInput, Unknown
from cim.settings import Settings
from cim.store import outlines
from loaders.judging.photo_offsets import COARSEST_M, find


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0, or 3 where a dataset lies further off than the stated accuracies allow.

    Raises BadInput where no photo is loaded that is fine enough, Unknown for a dataset that tells of no building.
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
    findings = []
    for dataset in parsed.dataset or known:
        with terminal.stage(f"{dataset} against the orthophoto"), database.begin() as connection:
            held = outlines.of_dataset(connection, dataset)
            findings.append(
                find(dataset, held.footprint, held.accuracy_m, photos, city.crs, terminal.progress, parsed.reach)
            )
        terminal.line(f"           {findings[-1].sentence()}")
    with database.begin() as connection:
        for finding in findings:
            outlines.note(connection, finding.dataset, finding.noted(photos))
    path = settings.data / "reports" / "photo_offsets.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [finding.plain() for finding in findings]
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    terminal.line(f"           cell by cell in {path}")
    return 3 if any(finding.verdict == "differs" for finding in findings) else 0
