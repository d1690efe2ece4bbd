"""One `[[source]]` of the city file: where the data lies, what its owner states, and its card in the catalogue."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

from cim import crs as frames
from cim.plugins import Anchor, Source

STAGES = ("归集", "基础", "主题", "专题")
"""The four stages of a city's data: collected as delivered, checked base, of one theme, for one purpose."""

MODES = ("replace", "append", "terminate")
HEIGHTS = ("1985", "ellipsoidal")
UPS = ("y", "z")
CONTROL_POINTS = ("refuse", "warp")


@dataclass(frozen=True, slots=True)
class Card:
    """What the catalogue says of a dataset beside its records.

    due: the day by which the next delivery is due; due_every_days: how often one is due. priority: place in the city
    file; among sources that say different things and are otherwise equal the smaller wins.
    """

    title: str | None = None
    stage: str = "基础"
    owner: str | None = None
    licence: str | None = None
    due: date | None = None
    due_every_days: int | None = None
    survey_date: date | None = None
    accuracy_m: float | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source under the dataset name it is published as."""

    name: str
    source: Source
    card: Card = field(default_factory=Card)


_OF_SOURCE = {
    *("name", "layer", "location", "crs", "encoding", "columns", "constants"),
    *("mode", "valid_from", "heights", "datum_shift", "accept", "table", "control_points", "stretch"),
    *("anchor", "up"),
}
_OF_CARD = {"title", "stage", "owner", "licence", "due", "due_every_days", "survey_date", "accuracy_m"}


def parse(entry: Mapping[str, Any], priority: int) -> NamedSource:
    """A source of the city file. Raises ValueError or BadInput with the source's name and what was expected."""
    name = str(entry["name"])
    strange = sorted(set(entry) - _OF_SOURCE - _OF_CARD)
    if strange:
        raise ValueError(f"source {name!r}: unknown keys {strange}; known: {sorted(_OF_SOURCE | _OF_CARD)}")
    card = _card(entry, name, priority)
    shift = _shift(entry.get("datum_shift"), name)
    stated = entry.get("crs")
    known = {"survey_date": card.survey_date, "accuracy_m": card.accuracy_m}
    return NamedSource(
        name=name,
        source=Source(
            location=str(entry["location"]),
            layer=str(entry["layer"]),
            crs=None if stated is None else frames.parse(str(stated), old_datum=shift is not None),
            encoding=entry.get("encoding"),
            columns=dict(entry.get("columns", {})),
            constants={k: str(v) for k, v in known.items() if v is not None} | dict(entry.get("constants", {})),
            mode=_one_of(entry.get("mode", "replace"), MODES, f"source {name!r}: mode"),
            valid_from=None if entry.get("valid_from") is None else str(entry["valid_from"]),
            heights=_one_of(str(entry.get("heights", "1985")), HEIGHTS, f"source {name!r}: heights"),
            datum_shift=shift,
            accept=tuple(str(code) for code in entry.get("accept", ())),
            table=None if entry.get("table") is None else str(entry["table"]),
            control_points=_one_of(
                str(entry.get("control_points", "refuse")), CONTROL_POINTS, f"source {name!r}: control_points"
            ),
            stretch=_stretch(entry.get("stretch"), name),
            anchor=None if entry.get("anchor") is None else anchor_of(entry["anchor"], f"source {name!r}"),
            up=None if entry.get("up") is None else _one_of(entry["up"], UPS, f"source {name!r}: up"),
        ),
        card=card,
    )


def as_toml(named: NamedSource) -> str:
    """The `[[source]]` entry that says the same in a city file, without what is usual.

    >>> print(as_toml(NamedSource("r", Source("in/路.csv", "roads", columns={"name": "路名"}))))
    [[source]]
    name = "r"
    layer = "roads"
    location = "in/路.csv"
    columns = { name = "路名" }
    """
    source, usual = named.source, Source("", "")
    entry: dict[str, Any] = {"name": named.name, "layer": source.layer, "location": source.location}
    keys = ("crs", "encoding", "table", "mode", "valid_from", "heights", "control_points", "columns", "constants", "up")
    for key in keys:
        value = getattr(source, key)
        if value != getattr(usual, key):
            entry[key] = value
    if source.anchor is not None:
        entry["anchor"] = anchor_table(source.anchor)
    return "\n".join(["[[source]]", *(f"{key} = {_toml(value)}" for key, value in entry.items())])


def anchor_table(anchor: Anchor) -> dict[str, float]:
    """The table that `anchor_of` reads as this anchor, without what is usual."""
    x, y = ("lon", "lat") if anchor.is_lonlat else ("x", "y")
    table = {x: anchor.x, y: anchor.y, "z": anchor.z, "turn_deg": anchor.turn_deg or None}
    return {key: value for key, value in table.items() if value is not None}


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)  # TOML's strings, numbers and truths are written as JSON's


def _card(entry: Mapping[str, Any], name: str, priority: int) -> Card:
    every = entry.get("due_every_days")
    if every is not None and not (isinstance(every, int) and every > 0):
        raise ValueError(f"source {name!r}: due_every_days = {every!r}: expected a whole number of days above 0")
    accuracy = entry.get("accuracy_m")
    if accuracy is not None and not float(accuracy) >= 0.0:
        raise ValueError(f"source {name!r}: accuracy_m = {accuracy!r}: expected metres, 0 or more")
    return Card(
        title=entry.get("title"),
        stage=_one_of(entry.get("stage", "基础"), STAGES, f"source {name!r}: stage"),
        owner=entry.get("owner"),
        licence=entry.get("licence"),
        due=_day(entry.get("due"), f"source {name!r}: due"),
        due_every_days=every,
        survey_date=_day(entry.get("survey_date"), f"source {name!r}: survey_date"),
        accuracy_m=None if accuracy is None else float(accuracy),
        priority=priority,
    )


def _one_of(value: Any, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise ValueError(f"{what} = {value!r}: expected one of {', '.join(known)}")
    return str(value)


def _day(value: Any, what: str) -> date | None:
    try:
        return value if value is None or type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{what} = {value!r}: expected a day such as 2026-12-31") from None


def _shift(values: Any, name: str) -> tuple[float, ...] | None:
    if values is None:
        return None
    if not isinstance(values, list | tuple) or len(values) != 7:
        raise ValueError(f"source {name!r}: datum_shift must be seven numbers (dx dy dz rx ry rz ds), not {values!r}")
    return tuple(float(v) for v in values)


def _stretch(values: Any, name: str) -> tuple[float, float] | None:
    if values is None:
        return None
    if not isinstance(values, list | tuple) or len(values) != 2 or not float(values[0]) < float(values[1]):
        raise ValueError(
            f"source {name!r}: stretch must be two rising numbers (what becomes black, white), not {values!r}"
        )
    return float(values[0]), float(values[1])


def anchor_of(told: Any, where: str) -> Anchor:
    """An anchor from its table: x and y, or lon and lat, with z and turn_deg if known. where: who says it.

    Raises ValueError for any other table.

    >>> anchor_of({"lon": 113.3, "lat": 40.1, "z": 1045}, "here")
    Anchor(x=113.3, y=40.1, z=1045.0, turn_deg=0.0, is_lonlat=True)
    """
    expected = f"{where}: anchor must be a table of x and y, or lon and lat, with z and turn_deg if known"
    pair = ("lon", "lat") if isinstance(told, Mapping) and "lon" in told else ("x", "y")
    if not isinstance(told, Mapping) or set(told) - {*pair, "z", "turn_deg"} or not set(pair) <= set(told):
        raise ValueError(f"{expected}, not {told!r}")
    try:
        numbers = {key: float(value) for key, value in told.items()}
    except (TypeError, ValueError):
        numbers = {}
    if not numbers or not all(map(isfinite, numbers.values())):
        raise ValueError(f"{expected}, not {told!r}")
    x, y = (numbers[key] for key in pair)
    return Anchor(x, y, numbers.get("z"), numbers.get("turn_deg", 0.0), is_lonlat=pair[0] == "lon")
