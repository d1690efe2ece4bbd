"""What a tileset counts of its buildings, for the `statistics` of its JSON: whole numbers that add up in any order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.types import CimLevel, RoofForm, Use
from tilesets.buildings.standing import Standing

_CHOICES: dict[str, type[IntEnum]] = {"use": Use, "roof_form": RoofForm, "cim_level": CimLevel}


@dataclass(frozen=True, slots=True)
class Tally:
    """Buildings: how many, the lowest and the highest, how many of each code, how many that a generator made.

    height_m: as the tiles hold them (float32). codes: {property: one number for each choice, in order}.
    """

    count: int
    low_m: float
    high_m: float
    codes: dict[str, tuple[int, ...]]
    synthetic: int


def count(standing: Standing, level: npt.NDArray[np.uint8]) -> Tally:
    """The tally of these buildings, at least one. level: (n,) CimLevel as drawn at the finest, in any order.

    A row whose roof cannot be raised is drawn one level down: what is counted is what a client finds in the tiles.
    """
    rows, height = standing.rows, standing.rows.height_m.astype(np.float32)
    columns: dict[str, npt.NDArray[np.uint8]] = {"use": rows.use, "roof_form": rows.roof_form, "cim_level": level}
    return Tally(
        count=len(rows),
        low_m=float(height.min()),
        high_m=float(height.max()),
        codes={
            name: tuple(int((column == choice).sum()) for choice in _CHOICES[name]) for name, column in columns.items()
        },
        synthetic=int(rows.is_synthetic.sum()),
    )


def total(tallies: Iterable[Tally]) -> Tally | None:
    """Several tallies as one; None for none."""
    known = list(tallies)
    if not known:
        return None
    return Tally(
        count=sum(t.count for t in known),
        low_m=min(t.low_m for t in known),
        high_m=max(t.high_m for t in known),
        codes={name: tuple(map(sum, zip(*(t.codes[name] for t in known), strict=True))) for name in _CHOICES},
        synthetic=sum(t.synthetic for t in known),
    )


def statistics(tally: Tally) -> dict[str, Any]:
    """As 3D Tiles writes them (`statistics.classes`): of all buildings at their finest level.

    Codes without a building are left out.
    """
    occurrences = {
        name: {choice.name: n for choice, n in zip(choices, tally.codes[name], strict=True) if n}
        for name, choices in _CHOICES.items()
    }
    properties: dict[str, Any] = {"height": {"min": tally.low_m, "max": tally.high_m}}
    properties |= {name: {"occurrences": found} for name, found in occurrences.items()}
    return {"classes": {"building": {"count": tally.count, "properties": properties}}}
