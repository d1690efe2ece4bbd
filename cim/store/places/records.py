"""Records of places: staged beside a load's records, published with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from cim.address.numerals import value
from cim.plugins import Layer
from cim.store.copy_text import field
from cim.store.db import raw
from cim.store.places import names
from cim.store.publication import indexes_deferred
from cim.store.sql import script, statement

# What a staged place says; all but the first two and `role` are columns of cim.place too.
_TEXTS = ("kind", "name", "address", "division", "folded_name")
_PARTS = ("street", "quarter", "community", "number", "building", "unit", "room")
_STAGED = {
    "source_row": "int8",
    "source_key": "text",
    **dict.fromkeys((*_TEXTS, *_PARTS), "text"),
    "number_value": "int4",
    "building_value": "int4",
    "depth": "int2",
    "rank": "int2",
    "role": "int2",
    "successors": "text[]",
}
_HELD = (
    *("object_id", "dataset_id", "layer", *_TEXTS, *_PARTS),
    *("number_value", "building_value", "depth", "rank", "successors", "geom"),
)  # in the order of the selections

SPELLING = ", ".join(f"{name} {kind}" for name, kind in _STAGED.items())
"""The columns of the table `spelling`, in which places are staged."""


@dataclass(frozen=True, slots=True)
class Place:
    """A findable thing: the staged record it belongs to and what people call it.

    folded_name: its name folded, or its whole address where no part of that could be read. street, quarter, community:
    folded names that its numbers hang on. rank: lower comes first among equals (0 places, 1 streets, 2 numbers). role: what
    `folded_name` is (`cim.finding.names`). successors: of an old division, the codes that it went to.
    """

    source_row: int
    source_key: str
    kind: str
    name: str | None
    address: str | None
    division: str | None
    rank: int
    role: int
    folded_name: str
    street: str = ""
    quarter: str = ""
    community: str = ""
    number: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    successors: tuple[str, ...] = ()


def stage(connection: Connection, places: Sequence[Place]) -> None:
    """Append the places of a batch to the table of spellings."""
    into = f"COPY spelling ({', '.join(_STAGED)}) FROM STDIN"
    with raw(connection).cursor() as cursor, cursor.copy(into) as copy:
        for begin in range(0, len(places), 5_000):  # lines made at once: row by row, the driver takes twice as long
            copy.write("".join(_line(place) for place in places[begin : begin + 5_000]))


def _line(p: Place) -> str:
    depth = 4 if p.room else 3 if p.unit else 2 if p.building else 1 if p.number else 0
    free = [p.source_key, p.kind, p.name, p.address, p.division, p.folded_name, p.street, p.quarter, p.community]
    free += [p.number, p.building, p.unit, p.room]
    shown = "\t".join(map(field, free))
    numbers = f"{value(p.number)}\t{value(p.building)}\t{depth}\t{p.rank}\t{p.role}"
    return f"{p.source_row}\t{shown}\t{numbers}\t{{{','.join(p.successors)}}}\n"


def publish(connection: Connection, layer: str, dataset_id: int, *, mode: str) -> None:
    """Bring the dataset's places up to what is staged and judged; a delivery of the whole (`replace`) tells all of them.

    Of a dataset that had places before only those are written that are told otherwise now: readers need not wait.
    """
    values = {"dataset_id": dataset_id, "layer": layer}
    if mode == "terminate":
        ended = "DELETE FROM cim.place WHERE dataset_id = :id AND object_id IN (SELECT object_id FROM delivery)"
        if connection.execute(text(ended), {"id": dataset_id}).rowcount:
            names.drop_unused(connection)
        return
    names.add_staged(connection)
    held = text("SELECT EXISTS (SELECT FROM cim.place WHERE dataset_id = :id)")
    if not connection.execute(held, {"id": dataset_id}).scalar_one():
        _insert(connection, script("select_told_places"), values)
        return
    listed = ", ".join(_HELD)
    connection.execute(text(f"CREATE TEMPORARY TABLE told ON COMMIT DROP AS SELECT {listed} FROM cim.place LIMIT 0"))
    connection.execute(text(f"INSERT INTO told ({listed}) {script('select_told_places')}"), values)
    connection.execute(text("ANALYZE told"))
    changed = {"dataset_id": dataset_id, "whole": mode == "replace"}
    gone = connection.execute(statement("delete_changed_places"), changed).rowcount
    connection.execute(
        text(f"""
            INSERT INTO cim.place ({listed}) SELECT {listed} FROM told t
            WHERE NOT EXISTS (SELECT FROM cim.place p WHERE p.object_id = t.object_id AND p.dataset_id = :dataset_id)"""),
        {"dataset_id": dataset_id},
    )
    if gone:
        names.drop_unused(connection)


def restorable(connection: Connection, layer: Layer, dataset_id: int) -> pd.DataFrame:
    """What a dataset's current records say that people look for: source_key, name, and the layer's own columns of that."""
    rows = connection.execute(statement("select_named"), {"dataset_id": dataset_id}).all()
    table = pd.DataFrame([dict(row._mapping) for row in rows], columns=["source_key", "name", "address", "properties"])
    for name in (column.name for column in layer.columns if column.kind == "text" and layer.name != "buildings"):
        if name != "name":
            table[name] = [properties.get(name) for properties in table["properties"]]
    return table.drop(columns="properties")


def respell(connection: Connection, layer: str, dataset_id: int, found: Sequence[Place]) -> None:
    """Replace the dataset's places by these, at what the dataset holds now."""
    connection.execute(text(f"CREATE TEMPORARY TABLE spelling ({SPELLING}) ON COMMIT DROP"))
    stage(connection, found)
    connection.execute(text("DELETE FROM cim.place WHERE dataset_id = :id"), {"id": dataset_id})
    names.add_staged(connection)
    _insert(connection, script("select_restored_places"), {"dataset_id": dataset_id, "layer": layer})
    names.drop_unused(connection)


def _insert(connection: Connection, selection: str, values: dict[str, Any]) -> None:
    """What a selection tells becomes places."""
    fresh = int(connection.execute(text("SELECT count(*) FROM spelling")).scalar_one())
    connection.execute(text("ANALYZE spelling"))
    with indexes_deferred(connection, "place", fresh):
        connection.execute(text(f"INSERT INTO cim.place ({', '.join(_HELD)}) {selection}"), values)
    if fresh >= 1_000:
        connection.execute(text("ANALYZE cim.place"))
