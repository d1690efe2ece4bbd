"""What people will look for in a batch of records: its places, with their rank among equals. Pure."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from cim.address.parts import ABSENT
from cim.address.spelling import fold
from cim.finding.names import DIVISION, NAME, STREET
from cim.plugins import Layer
from cim.store.places import Place

# 0 places and divisions, 1 streets, 2 single numbers: the smaller rank comes first among equal matches.
_RANK = {
    **dict.fromkeys(("divisions", "division_codes", "landmarks", "water"), 0),
    **{"roads": 1, "buildings": 2, "addresses": 2},
}
_KIND = {
    **{"divisions": "division", "division_codes": "division", "landmarks": "landmark", "water": "water"},
    **{"roads": "road", "buildings": "building"},
}
_ROLE = {"divisions": DIVISION, "division_codes": DIVISION, "roads": NAME | STREET}
_PLACE_NAME = "地名"
_OLD = "old_division"
_PARTS = ("street", "quarter", "community", "number", "building", "unit", "room", "place_name")
_READ = ("source_key", "name", "address", "kind", "division", "code", "ended_on", "successors")


def places(layer: Layer, frame: gpd.GeoDataFrame | pd.DataFrame) -> list[Place]:
    """One Place a named or addressed record; roads once a name (their first record). Others have none."""
    if not (layer.is_findable or layer.name in _RANK):
        return []
    wanted = (*_READ, *_PARTS) if layer.name == "addresses" else _READ
    told = frame if layer.name == "addresses" else _named_ones(frame)
    columns = [told[name].tolist() if name in told else [None] * len(told) for name in wanted]
    out: list[Place] = []
    named: set[str] = set()
    for row, *values in zip(told.index.tolist(), *columns, strict=True):
        record = dict(zip(wanted, values, strict=True))
        name = _text(record["name"])
        if layer.name == "addresses":
            found = _addressed(int(row), record, name)
        elif name is None or (layer.name == "roads" and name in named):
            continue
        else:
            named.add(name)
            found = _named(int(row), layer.name, record, name)
        if found is not None:
            out.append(found)
    return out


def _named_ones(frame: gpd.GeoDataFrame | pd.DataFrame) -> pd.DataFrame:
    """The records that have a name, without their shapes: of a city's buildings few have one."""
    told = frame[[name for name in _READ if name in frame]]
    names = told["name"].tolist() if "name" in told else [None] * len(told)
    return told[[isinstance(name, str) for name in names]]


def _named(row: int, layer: str, record: Mapping[str, Any], name: str) -> Place | None:
    """The place of a record that is looked for by its name alone; a division's own code is its division."""
    folded = fold(name)
    if not folded:
        return None
    successors = [part.partition(":")[0] for part in (_text(record["successors"]) or "").split()]
    kind = _text(record["kind"]) or _KIND.get(layer, layer)
    if layer == "division_codes" and (successors or _text(record["ended_on"])):
        kind = _OLD
    return Place(
        source_row=row,
        source_key=record["source_key"],
        kind=kind,
        name=name,
        address=None,
        division=_text(record["division"]) or _text(record["code"]),
        rank=_RANK.get(layer, 0),
        role=_ROLE.get(layer, NAME),
        folded_name=folded,
        successors=tuple(code for code in successors if code.isdigit()),
    )


def _addressed(row: int, record: Mapping[str, Any], name: str | None) -> Place | None:
    """The place of an address: by its own name, and by its street, quarter or village with the numbers."""
    address = _text(record["address"])
    parts = {part: _told(_text(record[part])) for part in _PARTS}
    street, quarter, community = (fold(parts[part]) for part in ("street", "quarter", "community"))
    if street or quarter:
        community = ""
    if quarter and not street and not parts["building"]:
        parts |= {"building": parts["number"], "number": ""}  # N号 behind a quarter is found among its buildings
    if not (street or quarter or community) and parts["number"]:
        community = fold(parts["place_name"])  # a village that no table knows: its numbers hang on it all the same
    known = street or quarter or community or parts["place_name"]
    folded = fold(name or parts["place_name"] or ("" if known else address or ""))
    if not folded and not known:
        return None
    kind = _text(record["kind"])
    return Place(
        source_row=row,
        source_key=record["source_key"],
        kind=kind or "address",
        name=name,
        address=address,
        division=_text(record["division"]),
        rank=0 if kind == _PLACE_NAME else 2,
        role=NAME,
        folded_name=folded,
        street=street,
        quarter=quarter,
        community=community,
        number=parts["number"],
        building=parts["building"],
        unit=parts["unit"],
        room=parts["room"],
    )


def _told(part: str | None) -> str:
    """A part of an address; empty where it says nothing, or that the element does not exist."""
    return "" if part is None or part == ABSENT else part


def _text(value: Any) -> str | None:
    """A cell as text; None where it is empty."""
    return value.strip() or None if isinstance(value, str) else None
