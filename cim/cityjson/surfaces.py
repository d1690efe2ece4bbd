"""The names of semantic surfaces (CityJSON 2.0, clause 3.3; CityGML 2 and 3), and the codes they are here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.types import Surface

NAMES: Mapping[str, Surface] = {
    "WallSurface": Surface.wall,
    "RoofSurface": Surface.roof,
    "GroundSurface": Surface.ground,
    "OuterCeilingSurface": Surface.overhang,
    "OuterFloorSurface": Surface.outer_floor,
    "ClosureSurface": Surface.closure,
    "Window": Surface.window,
    "Door": Surface.door,
    "InteriorWallSurface": Surface.interior_wall,
    "CeilingSurface": Surface.ceiling,
    "FloorSurface": Surface.floor,
}
_CALLED = {code: name for name, code in NAMES.items()}


def codes(semantics: Mapping[str, Any] | None, count: int) -> npt.NDArray[np.uint8]:
    """The `Surface` code of each of `count` surfaces; unknown where nothing is said, or a name that is none of ours."""
    if semantics is None:
        return np.full(count, Surface.unknown, dtype=np.uint8)
    named = [int(NAMES.get(one["type"], Surface.unknown)) for one in semantics["surfaces"]]
    table = np.array([*named, int(Surface.unknown)], dtype=np.uint8)
    return table[[len(named) if value is None else value for value in semantics["values"]]]


def semantics_of(surface: Sequence[int]) -> dict[str, Any] | None:
    """What codes say as semantics: one surface a name. None: nothing is known of any.

    >>> semantics_of([1, 0, 255, 0])
    {'surfaces': [{'type': 'WallSurface'}, {'type': 'RoofSurface'}], 'values': [1, 0, None, 0]}
    """
    used = sorted(code for code in set(surface) if code in _CALLED)
    if not used:
        return None
    places = {code: place for place, code in enumerate(used)}
    kinds = [{"type": _CALLED[Surface(code)]} for code in used]
    return {"surfaces": kinds, "values": [places.get(code) for code in surface]}
