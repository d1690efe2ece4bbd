"""Identity across sources: a building keeps its id when it arrives again in another file, and is made of what all say."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
import shapely

from cim.boundary import Boundary
from cim.city import Limits
from cim.fusion.claims import TELLS_OF
from cim.fusion.consistency import hold
from cim.fusion.inheritance import inherit
from cim.fusion.matching import match
from cim.fusion.rule import Claim, Fused, fuse
from cim.store import identity
from cim.store.db import Connection
from cim.types import Conflict, Issue, Report, RoofForm, Use

_MARGIN_M = 200.0
"""Rivals are looked for this far beyond a square, so that its edge decides no match."""

_CONFLICTS_KEPT = 100
_COLUMNS = ("name", "address", "use", "roof_form", "storeys", "year", "height_m", "height_basis", "eaves_m", "base_m")
_FROM_GROUND = ("cim_level", "dataset_id", "version_id", "source_row")


def recognise(connection: Connection, dataset_id: int, version_id: int) -> tuple[list[Issue], int]:
    """Give staged buildings that are known from other datasets their ids; the rule is that of `cim.fusion.matching`.

    Returns what was too close to call, or is no one-to-one relation, as notes; and how many were recognised.
    """
    issues: list[Issue] = []
    count = 0
    for block in identity.blocks(connection, dataset_id):
        new, held = identity.sides(connection, dataset_id, block, _MARGIN_M)
        here = new.cells >> (2 * identity.BLOCK_DEPTH) == block
        found = match(new.footprints, held.footprints)
        pairs = found.matched
        own = here[pairs.new]
        rows = zip(pairs.new[own], pairs.held[own], pairs.score[own], pairs.why[own], strict=True)
        aliases = [(new.keys[i], int(held.keys[j]), float(score), str(why)) for i, j, score, why in rows]
        identity.put_aliases(connection, dataset_id, version_id, aliases)
        count += len(aliases)
        issues += _doubts(found.doubtful.new, found.doubtful.held, new, held, here)
        for block_at, parts in _grouped(found.new_covers.block, found.new_covers.part):
            if here[block_at]:
                what = f"covers {len(parts)} buildings of other sources (first {held.keys[parts[0]]}): not one of them"
                issues.append(Issue("identity_covers", what, new.rows[block_at]))
        for block_at, parts in _grouped(found.held_covers.block, found.held_covers.part):
            for part in parts:
                if here[part]:
                    what = f"is one of {len(parts)} within building {held.keys[block_at]}: not that building"
                    issues.append(Issue("identity_covered", what, new.rows[part]))
    return issues, count


def _doubts(left: Any, right: Any, new: identity.Side, held: identity.Side, here: Any) -> Iterable[Issue]:
    for i, candidates in _grouped(left, right):
        if here[i]:
            ids = ", ".join(str(held.keys[j]) for j in candidates[:3])
            yield Issue(
                "identity_doubtful", f"could be {ids}: too close to call, so it keeps an id of its own", new.rows[i]
            )


def _grouped(keys: Any, values: Any) -> list[tuple[int, list[int]]]:
    order = np.argsort(keys, kind="stable")
    pairs = zip(np.asarray(keys)[order].tolist(), np.asarray(values)[order].tolist(), strict=True)
    return [(key, [value for _, value in group]) for key, group in groupby(pairs, key=lambda pair: pair[0])]


@dataclass(slots=True)
class _Plan:
    """What is to be done to the states of bodies that several datasets tell of."""

    switched: list[tuple[int, int, datetime | None, datetime | None]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    fused: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def settle(connection: Connection, dataset_id: int, at: datetime, report: Report, limits: Limits) -> Report:
    """Make one state of what several datasets say of each body that the delivery touched; the rule is `cim.fusion.rule`'s.

    Attributes that do not fit each other are told as well, by `cim.fusion.consistency` and the city's limits.
    What each says stays, unseen; the state made of it names, attribute by attribute, who won and why, and the conflicts.
    """
    plan = _Plan()
    rows = identity.told_by_several(connection, dataset_id)
    for _, group in groupby(rows, key=lambda row: (row.building_id, row.lod)):
        _settle_one(list(group), at, limits, plan)
    identity.close(connection, at, plan.closed)
    identity.switch(connection, at, plan.switched)
    identity.put_fused(connection, plan.fused)
    found = {"fused": len(plan.fused)} if plan.fused else {}
    return replace(
        report,
        changes=dict(report.changes) | found,
        conflicts=tuple(plan.conflicts[:_CONFLICTS_KEPT]),
        conflicts_in_all=len(plan.conflicts),
        conflicts_by_code=dict(Counter(conflict.code for conflict in plan.conflicts)),
    )


def _settle_one(rows: Sequence[Any], at: datetime, limits: Limits, plan: _Plan) -> None:
    """One body: its tellings, what was made of them before, and what is told of the building's coarser bodies."""
    tellings = [row for row in rows if row.role != 2 and row.told_lod == row.lod]
    before = next((row for row in rows if row.role == 2), None)
    since = rows[0].since
    whole = any(not row.properties.get(TELLS_OF) for row in tellings)
    made = _made(tellings, [row for row in rows if row.told_lod < row.lod], limits) if whole else None
    role = 0 if whole and made is None else 1  # derived records alone are no building: they stay unseen
    steps = [_onward(row, role, since, at) for row in tellings if row.role != role]
    plan.switched += [state for step in steps for state in step]
    changed = since is not None and (before is None or before.valid_from is None or since > before.valid_from)
    ended = before is not None and changed
    if before is not None:
        if made is not None and _same(made, before):
            return
        plan.closed.append(before.id)
        if ended:  # so it was until the day that the delivery tells of
            plan.switched.append((before.id, 2, before.valid_from, since))
    if made is not None:
        split = ended or any(len(step) > 1 for step in steps)
        begins = since if split else before.valid_from if before is not None else _earliest(tellings)
        plan.fused.append(_state(made, tellings, begins, at))
        plan.conflicts += [
            Conflict(tellings[0].building_id, c.attribute, asdict(c.won), asdict(c.lost), c.why, c.code, c.against)
            for c in made.conflicts
        ]


def _made(tellings: Sequence[Any], coarser: Sequence[Any], limits: Limits) -> Fused | None:
    """What is made of a body's tellings; None where one telling stands alone and the coarser bodies add nothing to it."""
    if not tellings:
        return None
    claims = [_claim(row) for row in tellings]
    own = fuse(claims)
    made = inherit(own, [_claim(row) for row in coarser]) if coarser else own
    return None if made is own and len(tellings) == 1 else hold(made, claims, limits)


def _onward(row: Any, role: int, since: datetime | None, at: datetime) -> list[Any]:
    """A telling takes another role: from the day that the delivery tells of, or for all of its time."""
    if row.record_from < at and since is not None and (row.valid_from is None or since > row.valid_from):
        return [(row.id, row.role, row.valid_from, since), (row.id, role, since, None)]
    return [(row.id, role, row.valid_from, None)]


def _earliest(tellings: Sequence[Any]) -> datetime | None:
    """A building stands since the first moment that any source knows it to."""
    begins = [row.valid_from for row in tellings]
    return None if None in begins else min(begins)


def _claim(row: Any) -> Claim:
    said = {name: getattr(row, name) for name in _COLUMNS}
    if row.told_lod == row.lod and row.geom is not None:
        said["boundary"] = Boundary.read(bytes(row.geom), row.semantics, row.structure or {}, row.appearance)
    said |= {"use": Use(row.use).name, "roof_form": RoofForm(row.roof_form).name, "source": row.source}
    return Claim(
        dataset=row.dataset,
        version_id=row.version_id,
        source_row=row.source_row,
        attributes={k: v for k, v in row.properties.items() if k != "id"} | said,
        geometry=shapely.from_wkb(bytes(row.shape)),
        accuracy_m=row.accuracy_m,
        survey_date=row.survey_date,
        is_synthetic=row.is_synthetic,
        record_from=row.record_from,
        priority=row.priority,
    )


def _state(made: Fused, tellings: Sequence[Any], valid_from: datetime | None, at: datetime) -> dict[str, Any]:
    winner = tellings[0]
    if "footprint" in made.decisions:
        ground = made.decisions["footprint"]
        winner = next(
            t for t in tellings if (t.version_id, t.source_row) == (ground["version_id"], ground["source_row"])
        )
    values = {name: made.attributes[name] for name in _COLUMNS}
    own = {*_COLUMNS, "boundary", "accuracy_m", "survey_date", "source", "is_synthetic"}
    conflicts = [asdict(conflict) for conflict in made.conflicts]
    return {
        **values,
        **{name: getattr(winner, name) for name in _FROM_GROUND},
        **{name: made.attributes[name] for name in ("accuracy_m", "survey_date", "source", "is_synthetic")},
        "building_id": tellings[0].building_id,
        "lod": tellings[0].lod,
        "use": Use[values["use"] or "unknown"].value,
        "roof_form": RoofForm[values["roof_form"] or "flat"].value,
        "footprint": made.geometry,
        "boundary": made.attributes.get("boundary"),
        "properties": {k: v for k, v in made.attributes.items() if k not in own},
        "decisions": {"won": dict(made.decisions), "conflicts": conflicts},
        "valid_from": valid_from,
        "record_from": at,
    }


def _same(made: Fused, before: Any) -> bool:
    """Whether what would be made now is what was made before, to the last attribute, reason and conflict."""
    shape = shapely.from_wkb(bytes(before.shape))
    state = {"use": Use(before.use).name, "roof_form": RoofForm(before.roof_form).name}
    same = all(made.attributes[name] == state.get(name, getattr(before, name)) for name in _COLUMNS)
    same = same and bool(shapely.equals_exact(made.geometry, shape))
    same = same and _same_surfaces(made.attributes.get("boundary"), before)
    same = same and bool(before.decisions["won"] == dict(made.decisions))
    return same and bool(before.decisions["conflicts"] == [asdict(conflict) for conflict in made.conflicts])


def _same_surfaces(made: Boundary | None, before: Any) -> bool:
    if made is None or before.geom is None:
        return made is None and before.geom is None
    held = Boundary.read(bytes(before.geom), before.semantics, before.structure or {}, before.appearance)
    return made.content() == held.content()
