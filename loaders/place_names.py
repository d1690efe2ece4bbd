"""What people will look for in a batch of records: its places, with their rank among equals. Pure."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from cim.address.parts import ABSENT, Address
from cim.address.spelling import fold
from cim.finding.names import DIVISION, NAME, STREET
from cim.plugins import Layer
from cim.store.places import Place
from loaders.address_reader import AddressReader

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
_READ = ("source_key", "name", "address", "kind", "division", "code", "ended_on", "successors")


def places(layer: Layer, frame: gpd.GeoDataFrame | pd.DataFrame, read: AddressReader) -> list[Place]:
    """One Place a named or addressed record; roads once a name (their first record). Others have none."""
    if layer.name not in _RANK:
        return []
    columns = [frame[name].tolist() if name in frame else [None] * len(frame) for name in _READ]
    out: list[Place] = []
    named: set[str] = set()
    for row, *values in zip(frame.index.tolist(), *columns, strict=True):
        record = dict(zip(_READ, values, strict=True))
        name = _text(record["name"])
        if layer.name == "addresses":
            found = _addressed(int(row), record, name, read)
        elif name is None or (layer.name == "roads" and name in named):
            continue
        else:
            named.add(name)
            found = _named(int(row), layer.name, record, name)
        if found is not None:
            out.append(found)
    return out


def _named(row: int, layer: str, record: Mapping[str, Any], name: str) -> Place | None:
    """The place of a record that is looked for by its name alone; a division's own code is its division."""
    folded = fold(name)
    if not folded:
        return None
    successors = [part.partition(":")[0] for part in (_text(record["successors"]) or "").split()]
    kind = _text(record["kind"]) or _KIND[layer]
    if layer == "division_codes" and (successors or _text(record["ended_on"])):
        kind = _OLD
    return Place(
        source_row=row,
        source_key=record["source_key"],
        kind=kind,
        name=name,
        address=None,
        division=_text(record["division"]) or _text(record["code"]),
        rank=_RANK[layer],
        role=_ROLE.get(layer, NAME),
        folded_name=folded,
        successors=tuple(code for code in successors if code.isdigit()),
    )


def _addressed(row: int, record: Mapping[str, Any], name: str | None, read: AddressReader) -> Place | None:
    """The place of an address: by its own name, and by its street, quarter or village with the numbers."""
    address = _text(record["address"])
    reading = None if address is None else read(address)
    parts = Address() if reading is None else reading.address
    street, quarter, community = (fold(_told(part)) for part in (parts.street, parts.quarter, parts.community))
    if street or quarter:
        community = ""
    known = street or quarter or community or parts.name
    folded = fold(name or parts.name or ("" if known else address or ""))
    if not folded and not known:
        return None
    kind = _text(record["kind"])
    return Place(
        source_row=row,
        source_key=record["source_key"],
        kind=kind or "address",
        name=name,
        address=address,
        division=_finer(_text(record["division"]), None if reading is None else reading.division),
        rank=0 if kind == _PLACE_NAME else 2,
        role=NAME,
        folded_name=folded,
        street=street,
        quarter=quarter,
        community=community,
        number=_told(parts.number),
        building=_told(parts.building),
        unit=_told(parts.unit),
        room=_told(parts.room),
    )


def _finer(stated: str | None, read: str | None) -> str | None:
    """The code that the record states, unless its address names a unit within that one."""
    if stated is None or (read is not None and read.startswith(stated)):
        return read if read is not None else stated
    return stated


def _told(part: str) -> str:
    return "" if part == ABSENT else part


def _text(value: Any) -> str | None:
    """A cell as text; None where it is empty."""
    return value.strip() or None if isinstance(value, str) else None
