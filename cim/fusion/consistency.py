"""Whether what several records say of one building fits together: storeys and height, era and year. Pure.

What one record says is judged by itself on its way in; here what different records say is, once they are one building.
Neither value is changed, and the conflict is told with both sources, but for one case: a height that was only reckoned from
other storeys or assumed gives way to the storeys that are stated. It is reckoned from them, and the decision says so. A
height that comes with surfaces or with eaves of its own is not only inferred: it stays.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cim.city import Limits
from cim.fusion.claims import Claim
from cim.fusion.conflict import HEIGHT_KEPT, HEIGHT_RECKONED, YEAR_OUTSIDE, Conflict, Said
from cim.fusion.eras import outside
from cim.fusion.rule import HEIGHT_TOLERANCE_M, Decision, Fused
from cim.fusion.storeys import HALL_ROOFS, HALL_USES, misfits

INFERRED = ("storeys", "assumed")
"""What a height rests on that nobody stated or measured."""


def hold(made: Fused, told: Sequence[Claim], limits: Limits) -> Fused:
    """The building with the conflicts between its attributes; `made` itself where all fits. told: the claims of this body.

    >>> from datetime import UTC, datetime
    >>> from cim.fusion.rule import fuse
    >>> then = datetime(2026, 1, 1, tzinfo=UTC)
    >>> plan = Claim("plan", 1, 7, {"year": 1984}, None, None, None, False, then, 0)
    >>> table = Claim("table", 2, 9, {"era": "明"}, None, None, None, False, then, 1)
    >>> hold(fuse([plan, table]), [plan, table], Limits()).conflicts[0].why
    'year 1984 lies outside 明 (1368 to 1644); both are kept'
    """
    return _years(_storeys(made, told, limits), told)


def _origin(made: Fused, told: Sequence[Claim], name: str) -> Decision:
    """The record that an attribute comes from; a single claim decides without saying so."""
    if name in made.decisions:
        return made.decisions[name]
    one = told[0]
    return Decision(dataset=one.dataset, source_row=one.source_row, version_id=one.version_id, why="the only value")


def _is_one(first: Decision, second: Decision) -> bool:
    """Whether two attributes come from one record."""
    return (first["version_id"], first["source_row"]) == (second["version_id"], second["source_row"])


def _storeys(made: Fused, told: Sequence[Claim], limits: Limits) -> Fused:
    said = made.attributes
    height, storeys, eaves = (said.get(name) for name in ("height_m", "storeys", "eaves_m"))
    if height is None or storeys is None:
        return made
    above, below = (_origin(made, told, name) for name in ("height_m", "storeys"))
    if _is_one(above, below):
        return made
    is_inferred = said.get("height_basis") in INFERRED
    if is_inferred and eaves is not None and not _is_one(above, _origin(made, told, "eaves_m")):
        eaves = None  # those of a roof that was told otherwise: they say nothing for this height
    what = _misfit(said, height, eaves, storeys, limits)
    if what is None:
        return made
    reckoned = float(storeys) * limits.assumed_storey_m
    low, high = limits.building_height_m
    gives_way = is_inferred and eaves is None and said.get("boundary") is None and low <= reckoned <= high
    if gives_way and _misfit(said, reckoned, None, storeys, limits) is None:
        return _reckoned(made, (above, height), below, reckoned, what)
    sides = Said(above["dataset"], height), Said(below["dataset"], storeys)
    conflict = Conflict("height_m", *sides, f"{what}; both are kept", HEIGHT_KEPT, "storeys")
    return replace(made, conflicts=(*made.conflicts, conflict))


def _misfit(said: Any, height: float, eaves: float | None, storeys: int, limits: Limits) -> str | None:
    top, walls, count = (
        np.array([np.nan if one is None else float(one)], dtype=np.float64) for one in (height, eaves, storeys)
    )
    is_hall = said.get("use") in HALL_USES or said.get("roof_form") in HALL_ROOFS
    return misfits(top, walls, count, np.array([is_hall]), limits).get(0)


def _reckoned(made: Fused, lost: tuple[Decision, float], below: Decision, height: float, what: str) -> Fused:
    """The building with the height that its storeys come to; eaves of its roof that lie above it are not known any more."""
    why = f"reckoned from the storeys: {what}, and that height was {made.attributes['height_basis']}"
    decision = Decision(
        dataset=below["dataset"], source_row=below["source_row"], version_id=below["version_id"], why=why
    )
    attributes = {**made.attributes, "height_m": height, "height_basis": "storeys"}
    decisions = {**made.decisions, "height_m": decision, "height_basis": decision}
    if (attributes.get("eaves_m") or 0.0) > height:
        attributes["eaves_m"] = None
        decisions.pop("eaves_m", None)
    stands = Said(below["dataset"], height)
    conflict = Conflict("height_m", stands, Said(lost[0]["dataset"], lost[1]), why, HEIGHT_RECKONED)
    others = _against_new_height(made.conflicts, stands, why)
    return replace(made, attributes=attributes, decisions=decisions, conflicts=(*others, conflict))


def _against_new_height(conflicts: Sequence[Conflict], stands: Said, why: str) -> list[Conflict]:
    """The conflicts as they are under another height: those that lost to the old one are held against the new one."""
    found = []
    for one in conflicts:
        if one.attribute != "height_m":
            found.append(one)
        elif abs(float(one.lost.value) - float(stands.value)) > HEIGHT_TOLERANCE_M + 1e-9:
            found.append(replace(one, won=stands, why=why))
    return found


def _years(made: Fused, told: Sequence[Claim]) -> Fused:
    era, year = made.attributes.get("era"), made.attributes.get("year")
    if not isinstance(era, str) or year is None:
        return made
    of_year, of_era = (_origin(made, told, name) for name in ("year", "era"))
    what = None if _is_one(of_year, of_era) else outside(era, int(year))
    if what is None:
        return made
    sides = Said(of_year["dataset"], year), Said(of_era["dataset"], era)
    conflict = Conflict("year", *sides, f"{what}; both are kept", YEAR_OUTSIDE, "era")
    return replace(made, conflicts=(*made.conflicts, conflict))
