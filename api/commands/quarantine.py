"""`cim quarantine`: the records that are still out of a dataset, with the reasons; whole in a file."""

import argparse
import json
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from api.connection import connect
from api.terminal import Terminal
from cim.errors import BadInput
from cim.settings import Settings
from cim.store import catalogue, quarantine
from cim.store.db import Database

_SHOWN = 20
"""So many records are listed on the screen; a file has them all (the project's own default)."""


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0. Raises Unknown for a dataset that does not exist, BadInput for a file without a dataset."""
    if parsed.out is not None and parsed.dataset is None:
        raise BadInput("--out writes the records of one dataset: `cim quarantine NAME --out FILE`")
    database = connect(settings, terminal)
    if parsed.dataset is not None:
        return _list(database, parsed.dataset, None if parsed.out is None else Path(parsed.out), terminal)
    with database.begin() as connection:
        counts = quarantine.counts(connection)
    for name, number in counts.items():
        terminal.line(f"{number:8,}  {name}")
    if not counts:
        terminal.line("no record is out: every quarantine is empty")
    return 0


def _list(database: Database, dataset: str, out: Path | None, terminal: Terminal) -> int:
    number = 0
    with database.begin() as connection, ExitStack() as closing:
        catalogue.dataset_id(connection, dataset)
        file = None if out is None else closing.enter_context(out.open("w", encoding="utf-8"))
        for held in chain.from_iterable(quarantine.open_of(connection, dataset)):
            one, number = held.record, number + 1
            if number <= _SHOWN:
                terminal.line(f"version {held.version_id} row {one.row}: {', '.join(one.codes)}: {one.reason}")
            if file is not None:
                told = {"version": held.version_id, "row": one.row, "codes": one.codes, "reason": one.reason}
                file.write(json.dumps({**told, "record": one.content}, ensure_ascii=False) + "\n")
    rest = number - _SHOWN
    more = f", {rest:,} of them not shown (--out FILE writes all)" if rest > 0 and out is None else ""
    terminal.line(f"{number:,} records of {dataset} are out{more}" + ("" if out is None else f", whole in {out}"))
    return 0
