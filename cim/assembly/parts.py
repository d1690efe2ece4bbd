"""The table of parts that assemblies are made of: what a row says, and why a row cannot be built."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from cim.assembly.material import Material
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray, RoofForm


class Kind(IntEnum):
    """What a part is: docs/landmarks.md tells of each, and which columns it takes."""

    block = 0
    steps = 1
    parapet = 2
    columns = 3
    storeys = 4
    gateway = 5
    hall = 6


MATERIALS = tuple(one.name for one in Material if one is not Material.unknown)
ROOFING = ("tile",)
"""Materials whose tops and slopes are roofs."""
EDGES = ("front", "right", "back", "left")
"""The edges of a part's rectangle, in its order: anticlockwise seen from above, from the front on."""
_BOUNDS = ("u_from", "u_to", "v_from", "v_to", "low", "high")
_NUMBERS = ("lean_m", "piece_m", "gap_m", "thick_m", "rise_m", "overhang_m")
_NEEDED: Mapping[Kind, tuple[str, ...]] = {
    Kind.block: (),
    Kind.steps: ("repeat", "lean_m"),
    Kind.parapet: ("thick_m",),
    Kind.columns: ("piece_m", "gap_m"),
    Kind.storeys: ("repeat", "rise_m"),
    Kind.gateway: ("piece_m", "rise_m"),
    Kind.hall: ("rise_m", "roof_form"),
}
_MOST = 1e6
"""No share and no length of a part is larger than this (the project's own default)."""
_SQUARE_ONLY = (Kind.parapet, Kind.columns, Kind.gateway)
GROUNDS = ("level", "sloping")
"""What assemblies stand on: a level base at their lowest ground, or one that falls with the ground along their front."""
LEAST_PACE_M = 0.25
"""Pieces of a row stand at least so far apart, from middle to middle (the project's own default)."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Parts (p,) as columns, those of one assembly together. share, metres: (p, 6) where u begins and ends, then v, then
    height: a share of the side (of the building's height) plus metres. edges: (p, 4) bool in the order of `EDGES`. sides,
    repeat: (p,). The rest: (p,) metres, `RoofForm` codes, `Material` codes (of halls, whose
    material is their roof's, unknown), and whether it is a roof's. broken: assemblies that a row spoils, and why. sloping:
    assemblies of which a row says that they stand on sloping ground.
    """

    assembly: ObjectArray
    part: ObjectArray
    kind: npt.NDArray[np.uint8]
    share: FloatArray
    metres: FloatArray
    edges: BoolArray
    sides: IntArray
    repeat: IntArray
    lean_m: FloatArray
    piece_m: FloatArray
    gap_m: FloatArray
    thick_m: FloatArray
    rise_m: FloatArray
    overhang_m: FloatArray
    roof_form: npt.NDArray[np.uint8]
    material: npt.NDArray[np.uint8]
    is_roofing: BoolArray
    broken: Mapping[str, str] = field(default_factory=dict)
    sloping: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.assembly)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Parts":
        """The parts of such rows: column -> value, None or absent where it is not stated. Assemblies of which a row cannot
        be built are `broken`: none of their parts is taken.
        """
        told = sorted(rows, key=lambda row: (str(row.get("assembly")), str(row.get("part"))))
        broken: dict[str, str] = {}
        for row in told:
            wrong = fault(row)
            if wrong is not None:
                broken.setdefault(str(row.get("assembly")), wrong)
        sound = [row for row in told if str(row.get("assembly")) not in broken]
        bounds = np.array([_bounds(row) for row in sound], dtype=np.float64).reshape(-1, 2, 6)
        numbers = {name: np.array([_number(row, name) for row in sound], dtype=np.float64) for name in _NUMBERS}
        return cls(
            assembly=np.array([str(row["assembly"]) for row in sound], dtype=object),
            part=np.array([str(row["part"]) for row in sound], dtype=object),
            kind=np.array([Kind[str(row["kind"])] for row in sound], dtype=np.uint8),
            share=bounds[:, 0],
            metres=bounds[:, 1],
            edges=np.array([_edges(row) for row in sound], dtype=np.bool_).reshape(-1, 4),
            sides=np.array([_number(row, "sides", 4) for row in sound], dtype=np.int64),
            repeat=np.array([_number(row, "repeat", 1) for row in sound], dtype=np.int64),
            roof_form=np.array([RoofForm[str(row.get("roof_form") or "flat")] for row in sound], dtype=np.uint8),
            material=np.array([_material(row) for row in sound], dtype=np.uint8),
            is_roofing=np.array([row.get("material") in ROOFING for row in sound], dtype=np.bool_),
            broken=broken,
            sloping=frozenset(str(row["assembly"]) for row in sound if row.get("ground") == "sloping"),
            **numbers,
        )


def fault(row: Mapping[str, Any]) -> str | None:
    """Why a row cannot be built, whatever the footprint, in one sentence; None where nothing is wrong with it.

    >>> fault({"assembly": "wall", "part": "walk", "kind": "parapet", "high_m": 2.0})
    "part 'walk' of 'wall' is of kind parapet and needs thick_m above 0"
    """
    who = f"part {row.get('part')!r} of {row.get('assembly')!r}"
    kinds = Kind.__members__
    if not all(isinstance(row.get(name), str) for name in ("assembly", "part")):
        return f"{who} is not named; expected two texts"
    if not isinstance(row.get("kind"), str) or row["kind"] not in kinds:
        return f"{who} is of kind {row.get('kind')!r}; expected one of {', '.join(kinds)}"
    kind = Kind[str(row["kind"])]
    for name in (*_BOUNDS, *(f"{bound}_m" for bound in _BOUNDS), *_NUMBERS, "sides", "repeat"):
        value = row.get(name)
        if value is not None and not _is_number(value):
            return f"{who} has {str(value)[:40]!r} as its {name}; expected a number, {_MOST:.0f} at the most"
    needed = [name for name in _NEEDED[kind] if name != "lean_m" and not (row.get(name) or 0)]
    if kind is Kind.columns and row.get("gap_m") == 0:
        needed.remove("gap_m")
    if needed:
        above = "" if needed == ["roof_form"] else " above 0"
        return f"{who} is of kind {kind.name} and needs {' and '.join(needed)}{above}"
    return _ill_sized(row, kind, who) or _ill_named(row, kind, who)


def _is_number(value: Any) -> bool:
    """Whether JSON told a number that can be reckoned with: `true` is none, nor is one of a thousand digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST


def _ill_sized(row: Mapping[str, Any], kind: Kind, who: str) -> str | None:
    negative = [name for name in _NUMBERS if name != "lean_m" and (row.get(name) or 0) < 0]
    if negative:
        return f"{who} has a negative {negative[0]}"
    share, metres = _bounds(row)
    for name, low in (("along the front", 0), ("away from the front", 2), ("in height", 4)):
        if share[low] >= share[low + 1] and metres[low] >= metres[low + 1]:
            return f"{who} ends {name} where it begins, or before"
    if kind is Kind.parapet and (row.get("piece_m") or 0) > 0 and row.get("gap_m") is None:
        return f"{who} has merlons without the gap between them (gap_m)"
    pace = (row.get("piece_m") or 0) + (row.get("gap_m") or 0)
    if kind in (Kind.parapet, Kind.columns) and 0 < pace < LEAST_PACE_M:
        return f"{who} repeats every {pace:g} m; expected {LEAST_PACE_M:g} m or more"
    if kind is Kind.steps and _number(row, "repeat") < 2:
        return f"{who} has one step; expected two or more, or kind block"
    return None


def _ill_named(row: Mapping[str, Any], kind: Kind, who: str) -> str | None:
    sides = _number(row, "sides", 4)
    if sides not in range(3, 33):
        return f"{who} has a plan of {sides:g} sides; expected 3 to 32"
    if sides != 4 and (kind in _SQUARE_ONLY or not all(_edges(row))):
        return f"{who} has a plan of {sides:g} sides, but its edges are those of a rectangle"
    if _number(row, "repeat", 1) not in range(1, 100):
        return f"{who} is repeated {row['repeat']:g} times; expected 1 to 99"
    strange = sorted(set(str(row.get("edges") or "").split()) - set(EDGES))
    if strange:
        return f"{who} stands on the edge {strange[0]!r}; expected some of {' '.join(EDGES)}"
    if row.get("roof_form") is not None and row["roof_form"] not in RoofForm.__members__:
        return f"{who} has a roof of form {row['roof_form']!r}; expected one of {', '.join(RoofForm.__members__)}"
    if row.get("ground") is not None and row["ground"] not in GROUNDS:
        return f"{who} stands on {row['ground']!r} ground; expected one of {', '.join(GROUNDS)}"
    if row.get("material") is not None and row["material"] not in MATERIALS:
        return f"{who} is made of {row['material']!r}; expected one of {', '.join(MATERIALS)}"
    return None


def _bounds(row: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Shares and metres of the six bounds. Where nothing says how high it reaches, it reaches the building's height."""
    top = 1.0 if row.get("high_m") is None else 0.0
    defaults = (0.0, 1.0, 0.0, 1.0, 0.0, top)
    shares = [_number(row, name, default) for name, default in zip(_BOUNDS, defaults, strict=True)]
    return shares, [_number(row, f"{name}_m") for name in _BOUNDS]


def _number(row: Mapping[str, Any], name: str, default: float = 0.0) -> float:
    value = row.get(name)
    return default if value is None else float(value)


def _edges(row: Mapping[str, Any]) -> list[bool]:
    named = str(row.get("edges") or " ".join(EDGES)).split()
    return [edge in named for edge in EDGES]


NO_PARTS = Parts.of(())
"""A table without a row."""


def _material(row: Mapping[str, Any]) -> Material:
    """Of a part's walls and floors: a hall states that of its roof."""
    told = row.get("material")
    return Material.unknown if told is None or Kind[str(row["kind"])] is Kind.hall else Material[str(told)]
