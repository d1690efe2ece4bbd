"""Places: what people look for by name, address, pinyin or a point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from cim.address.spelling import Spelling, fold, is_latin
from cim.errors import BadInput
from cim.plugins import Layer
from cim.store.db import raw
from cim.store.frame import srid, to_frame
from cim.store.sql import statement

_TEXTS = ("source_key", "kind", "name", "address", "division", "folded_name", "search", "pinyin", "initials")
_COLUMNS = ("source_row", *_TEXTS, "rank")

# Trigrams shared by the query and the part of the name or address most like it: one wrong sign in six still passes.
_LEAST_SIMILAR = 0.35


@dataclass(frozen=True, slots=True)
class Place:
    """A findable thing: the staged record it belongs to and what people call it.

    rank: lower comes first among equals (0 places, 1 streets, 2 numbers).
    """

    source_row: int
    source_key: str
    kind: str
    name: str | None
    address: str | None
    division: str | None
    rank: int
    spelling: Spelling


def stage(connection: Connection, places: Sequence[Place]) -> None:
    """Append the places of a batch to the table of spellings."""
    into = f"COPY spelling ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
    with raw(connection).cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(["int8", *["text"] * len(_TEXTS), "int2"])
        for p in places:
            s = p.spelling
            copy.write_row(
                [
                    p.source_row,
                    p.source_key,
                    p.kind,
                    p.name,
                    p.address,
                    p.division,
                    s.folded_name,
                    s.search,
                    s.pinyin,
                    s.initials,
                    p.rank,
                ]
            )


def publish(connection: Connection, layer: str, dataset_id: int, *, mode: str) -> None:
    """Bring the dataset's places up to what is staged and judged; a delivery of the whole (`replace`) replaces them all."""
    some = "" if mode == "replace" else " AND object_id IN (SELECT object_id FROM delivery)"
    connection.execute(text(f"DELETE FROM cim.place WHERE dataset_id = :id{some}"), {"id": dataset_id})
    if mode != "terminate":
        connection.execute(statement("insert_places"), {"dataset_id": dataset_id, "layer": layer})


def restorable(connection: Connection, layer: Layer, dataset_id: int) -> pd.DataFrame:
    """What a dataset's current records say that people look for: source_key, name, and kind, address, division if any."""
    rows = connection.execute(statement("select_named"), {"dataset_id": dataset_id}).all()
    table = pd.DataFrame([dict(row._mapping) for row in rows], columns=["source_key", "name", "address", "properties"])
    for name in ("kind", "division", "address"):
        if any(column.name == name for column in layer.columns) and layer.name != "buildings":
            table[name] = [properties.get(name) for properties in table["properties"]]
    return table.drop(columns="properties")


def respell(connection: Connection, layer: str, dataset_id: int, found: Sequence[Place]) -> None:
    """Replace the dataset's places by these, at what the dataset holds now."""
    connection.execute(text("CREATE TEMPORARY TABLE spelling (LIKE cim.place) ON COMMIT DROP"))
    connection.execute(text("ALTER TABLE spelling ADD source_key text, ADD source_row int8"))
    for name in ("id", "object_id", "dataset_id", "layer", "geom"):
        connection.execute(text(f"ALTER TABLE spelling ALTER {name} DROP NOT NULL"))
    stage(connection, found)
    connection.execute(text("DELETE FROM cim.place WHERE dataset_id = :id"), {"id": dataset_id})
    connection.execute(statement("insert_restored_places"), {"dataset_id": dataset_id, "layer": layer})


def search(connection: Connection, q: str, *, limit: int = 10) -> list[dict[str, Any]]:
    """Ranked candidates for what somebody typed: never one guess where several fit.

    Each: id, name, address, kind, layer, division, lon, lat (degrees), score 0..1, why (name, name_start, part, pinyin,
    initials, similar). Raises BadInput for a query without a letter or digit.
    """
    folded = fold(q)
    if not folded:
        raise BadInput(f"places: q={q!r} holds no letter or digit to look for")
    connection.execute(
        text("SELECT set_config('pg_trgm.word_similarity_threshold', :least, true)"), {"least": str(_LEAST_SIMILAR)}
    )
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = connection.execute(
        statement("search_places"),
        {
            "folded": folded,
            "starts": f"{escaped}%",
            "holds": f"%{escaped}%",
            "latin": is_latin(folded),
            "limit": limit,
        },
    )
    return [_result(row._mapping) for row in rows]


def reverse(connection: Connection, lon: float, lat: float, *, limit: int = 5) -> list[dict[str, Any]]:
    """The places nearest to a point (WGS 84 degrees), with their distance in metres in the city frame."""
    x, y = to_frame(connection, [(lon, lat)])[0].tolist()
    rows = connection.execute(
        text("""
            SELECT object_id AS id, layer, kind, name, address, division, ST_X(ST_Transform(geom, 4326)) AS lon,
                   ST_Y(ST_Transform(geom, 4326)) AS lat, 'near' AS why,
                   ST_Distance(geom, ST_SetSRID(ST_MakePoint(:x, :y), :srid)) AS distance_m
            FROM cim.place ORDER BY geom <-> ST_SetSRID(ST_MakePoint(:x, :y), :srid) LIMIT :limit"""),
        {"x": x, "y": y, "srid": srid(connection), "limit": limit},
    )
    return [_result(row._mapping) for row in rows]


def _result(row: Any) -> dict[str, Any]:
    out = dict(row)
    for name in ("score", "distance_m", "lon", "lat"):
        if name in out:
            out[name] = round(float(out[name]), 7 if name in ("lon", "lat") else 3)
    return out
