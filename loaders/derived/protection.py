"""Era and grade of protected buildings, from the loaded tables of units, as a file ready for the pipeline."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np

from cim.fusion.protection import REASONS, Unit, settle, tie
from cim.plugins import Source
from cim.store.protected import Bodies
from cim.types import CimLevel, Issue
from loaders.derived import claims_file

DATASET = "protection"
TELLS_OF = "era protection_grade protection_unit protection_batch protection_tie protection_row"


@dataclass(frozen=True, slots=True)
class Derived:
    """The buildings that a unit decides for, ready for layer `buildings`; units that are none, and conflicts, as notes."""

    frame: gpd.GeoDataFrame
    issues: tuple[Issue, ...]
    codes: dict[str, int]


def derive(units: Sequence[Unit], bodies: Bodies, keys: dict[str, int], before: Sequence[str], crs: str) -> Derived:
    """Ties of these units by `cim.fusion.protection`. keys: id at its source -> building; before: the city's names."""
    held = bodies.standing
    ties, untied = tie(units, held, keys, before)
    issues = [
        Issue(one.code, f"{units[one.unit].id} {units[one.unit].name}: {REASONS[one.code]}", units[one.unit].row)
        for one in untied
    ]
    rows: list[int] = []
    said: list[dict[str, object]] = []
    for won in settle(units, ties):
        unit = units[won.tie.unit]
        for attribute, (ours, theirs) in won.conflicts.items():
            names = ", ".join(units[other.unit].id for other in won.others)
            message = f"building {won.building_id}: {attribute} {ours} by {unit.id}, but {theirs} by {names}"
            issues.append(Issue("protection_conflict", message, unit.row))
        here = np.flatnonzero(held.building_id == won.building_id).tolist()
        rows += here
        said += [_said(unit, won.tie.rule)] * len(here)
    return Derived(_frame(bodies, rows, said, crs), tuple(issues), dict(Counter(issue.code for issue in issues)))


def _said(unit: Unit, rule: str) -> dict[str, object]:
    return {
        "era": unit.era,
        "protection_grade": unit.grade,
        "protection_unit": unit.name,
        "protection_batch": unit.batch,
        "protection_tie": rule,
        "protection_row": unit.id,
    }


def _frame(bodies: Bodies, rows: Sequence[int], said: Sequence[dict[str, object]], crs: str) -> gpd.GeoDataFrame:
    """Records that speak of the protection alone; what a body needs besides goes on as it was."""
    at, held = np.array(rows, dtype=np.int64), bodies.standing
    lods = bodies.lod[at]
    return gpd.GeoDataFrame(
        {
            "id": [f"{id}@{lod:g}" for id, lod in zip(held.building_id[at], lods, strict=True)],
            "tells_of": TELLS_OF,
            **{name: [one[name] for one in said] for name in TELLS_OF.split()},
            "height_m": bodies.height_m[at],
            "height_basis": "assumed",
            "base_m": bodies.base_m[at],
            "cim_level": [CimLevel(int(level)).name for level in bodies.cim_level[at]],
            "lod": lods,
            "is_synthetic": bodies.is_synthetic[at],
        },
        geometry=held.shape[at],
        crs=crs,
    )


def source(path: Path, crs: str, made_from: Sequence[tuple[str, int]]) -> Source:
    """How the pipeline is told of the file: which tables the units stand in."""
    told = claims_file.told(made_from)
    return Source(location=str(path), layer="buildings", crs=crs, constants={"source": f"units of {told}"})
