"""`cim validate`: the solids of the L3 buildings as they are drawn, or those of model files, held to ISO 19107."""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from api.connection import connect
from api.terminal import Terminal
from cim import crs as frames
from cim.assembly import Parts
from cim.city import City
from cim.settings import Settings
from cim.solids import SOLID_INVALID
from cim.store.bodies import reading
from cim.validity import CODES, MEANINGS, Finding, check, of_boundaries
from loaders.delivery import files
from loaders.delivery.model_files import model_bodies
from tilesets.buildings.judged import judge
from tilesets.buildings.standing import stand
from tilesets.city.making import Order, open_site
from tilesets.tree import TARGET_BYTES, UNIT_DEPTH

_FIRST = 5


@dataclass(slots=True)
class _Told:
    """What was found so far. faults: one a finding; notes: what else is told; damaged: records that are no bodies."""

    bodies: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    def invalid(self) -> int:
        """How many bodies have a fault."""
        return len({(one["source"], one["id"], one.get("lod")) for one in self.faults})

    def plain(self) -> dict[str, Any]:
        """As JSON knows it."""
        codes = {str(code): count for code, count in sorted(Counter(one["code"] for one in self.faults).items())}
        whole = {"bodies": self.bodies, "invalid": self.invalid(), "codes": codes, "findings": self.faults}
        return whole | {"notes": self.notes, "damaged": self.damaged}


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0 where every body is valid, else 1. Raises Unavailable without terrain, BadSource for files of none."""
    told = _Told()
    if parsed.path:
        for name in parsed.path:
            for one in files.take(Path(name)):
                with terminal.stage(f"bodies of {one.path}"):
                    _of_file(one.path, settings.city(), terminal, told)
    else:
        with terminal.stage("L3 bodies of the store, as drawn"):
            _of_store(settings, terminal, told)
    _say(told, terminal)
    if parsed.out is not None:
        Path(parsed.out).write_text(json.dumps(told.plain(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        terminal.line(f"{parsed.out}: every finding")
    return 1 if told.faults or told.damaged else 0


def _of_store(settings: Settings, terminal: Terminal, told: _Told) -> None:
    city, database = settings.city(), connect(settings, terminal)
    with reading(database) as rows:
        parts = Parts.of(rows.assembly_parts())
        moment = rows.moment
        order = Order(database.url, None, moment.at, moment.known, 0, city, settings.data, TARGET_BYTES)
        site, units = open_site(order, parts), rows.count_by_cell(UNIT_DEPTH)
        total, read = sum(count for _, count in units), 0
        for key, count in units:
            standing, left_out = stand(rows.within(key << 2 * UNIT_DEPTH, key + 1 << 2 * UNIT_DEPTH), site)
            found = judge(standing, parts)
            told.bodies += found.bodies
            for fault in found.faults:
                (lonlat,) = frames.transform(np.array([fault.xy]), city.crs, frames.LONLAT).tolist()
                place = {"lon": round(lonlat[0], 7), "lat": round(lonlat[1], 7)}
                told.faults.append(_fault("store", fault.id, fault.finding) | {"made": fault.made, "place": place})
            told.notes += [{"id": flaw.id, "code": flaw.code, "message": flaw.message} for flaw in found.flaws]
            told.notes += [
                {"id": flaw.id, "code": flaw.code, "message": flaw.message} for flaw in left_out if not flaw.repaired
            ]
            read += count
            terminal.progress(read, total, f"buildings read, {told.bodies:,} L3 bodies judged")


def _of_file(path: Path, city: City, terminal: Terminal, told: _Told) -> None:
    done = 0
    for batch in model_bodies(path, city):
        for finding in check(of_boundaries([body.boundary for body in batch.bodies])):
            body = batch.bodies[finding.body]
            lod = body.lod if body.lod == body.lod else None
            at = finding.at or tuple(body.boundary.positions()[:1].ravel().tolist())
            place = dict(zip("xyz", (round(value, 3) for value in at), strict=False))
            told.faults.append(_fault(path.name, body.id, finding) | {"lod": lod, "place": place})
        told.damaged += [f"{path.name} {why}" for why in batch.damaged]
        told.bodies += len(batch.bodies)
        done += len(batch.bodies)
        terminal.progress(done, None, "bodies judged")


def _fault(source: str, id: int | str, finding: Finding) -> dict[str, Any]:
    told = {"source": source, "id": id, "code": finding.code, "name": finding.name}
    return told | {"polygon": finding.polygon, "detail": finding.detail}


def _say(told: _Told, terminal: Terminal) -> None:
    invalid = told.invalid()
    terminal.line(f"{told.bodies:,} bodies, {f'{invalid:,} of them not valid' if invalid else 'all of them valid'}")
    for code, count in sorted(Counter(one["code"] for one in told.faults).items()):
        terminal.line(f"  {count:8,}  {code} {CODES[code]}: {MEANINGS[code]}")
    for line in _first(told.faults):
        terminal.line(line)
    for code, count in sorted(Counter(note["code"] for note in told.notes).items()):
        what = (
            "gave way to a simpler form: their solid was not valid" if code == SOLID_INVALID else "told of by the build"
        )
        terminal.line(f"  {count:8,}  {code}: {what}")
    for why in told.damaged[:_FIRST]:
        terminal.line(f"  not read: {why}")


def _first(faults: list[dict[str, Any]]) -> Iterator[str]:
    """The first findings in words."""
    for one in faults[:_FIRST]:
        place: Mapping[str, float] = one["place"]
        where = ", ".join(f"{name} {value:g}" if name == "z" else f"{name} {value}" for name, value in place.items())
        lod = f" (LoD {one['lod']:g})" if one.get("lod") is not None else ""
        polygon = "" if one["polygon"] is None else f", polygon {one['polygon']}"
        detail = f", {one['detail']}" if one["detail"] else ""
        yield f"  {one['source']} {one['id']}{lod}: {one['code']} {one['name']}{polygon}{detail} at {where}"
    if len(faults) > _FIRST:
        yield f"  … and {len(faults) - _FIRST:,} more: --out FILE writes them all"
