"""The L3 bodies of standing buildings held to `cim.validity`, each as it is drawn. Pure."""

from dataclasses import dataclass, replace

import numpy as np

from cim.assembly import Parts
from cim.geometry import anchors
from cim.solids import faults, raise_solids
from cim.types import CimLevel, FloatArray
from cim.validity import Finding, check, of_boundaries
from tilesets.buildings import surfaces
from tilesets.buildings.refined import flaws_of, stood
from tilesets.buildings.standing import Flaw, Standing


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the body of one building. made: from what it is drawn. xy: where, city frame."""

    id: int
    made: str
    finding: Finding
    xy: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """bodies: how many were judged. faults: of these as they are drawn. flaws: what is drawn otherwise than asked for."""

    bodies: int
    faults: tuple[Fault, ...]
    flaws: tuple[Flaw, ...]


def judge(standing: Standing, parts: Parts) -> Judged:
    """All L3 rows: surfaces that were delivered as they came, the others as solids of parts or with their roofs.

    parts: what assemblies are made of.
    """
    rows = standing.rows
    wanted = rows.cim_level == CimLevel.L3
    if not wanted.any():
        return Judged(0, (), ())
    own = surfaces.draw(standing, wanted)
    delivered = np.flatnonzero(own.rows)
    found = [
        ("surfaces", replace(finding, body=int(delivered[finding.body])))
        for finding in check(of_boundaries(rows.boundary[delivered].tolist()))
    ]
    raised = wanted & ~own.rows
    made = raise_solids(stood(standing), raised, wanted, parts)
    found += [("parts" if made.is_built[one.body] else "form", one) for one in faults(made, raised)]
    place = anchors(rows.geometry)
    told = tuple(Fault(int(rows.id[one.body]), of, one, _at(one, place)) for of, one in found)
    return Judged(int(wanted.sum()), told, own.flaws + flaws_of(rows, made.notes))


def _at(finding: Finding, place: FloatArray) -> tuple[float, float]:
    x, y = place[finding.body].tolist() if finding.at is None else finding.at[:2]
    return float(x), float(y)
