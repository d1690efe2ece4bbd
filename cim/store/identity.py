"""Identity over sources: staged buildings beside those that others told of, and what is made of several tellings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from cim import geometry
from cim.boundary import Boundary
from cim.fusion.matching import Footprints
from cim.store.db import jsonb, raw
from cim.store.frame import srid
from cim.store.pictures import Pictures
from cim.store.sql import statement

BLOCK_DEPTH = 4
"""Buildings are compared square by square: 16 x 16 cells of the grid."""

_FUSED = {
    **{"building_id": "int8", "lod": "float4", "cim_level": "int2", "dataset_id": "int8", "version_id": "int8"},
    **{"source_row": "int8", "name": "text", "address": "text", "use": "int2", "roof_form": "int2", "storeys": "int2"},
    **{"year": "int2", "height_m": "float8", "height_basis": "text", "eaves_m": "float8", "base_m": "float8"},
    **{"geom": "bytea", "semantics": "int2[]", "structure": "bytea", "appearance": "bytea"},
    **{"footprint": "bytea", "properties": "bytea", "source": "text", "survey_date": "date", "accuracy_m": "float4"},
    **{"is_synthetic": "bool", "cell": "int8", "role": "int2", "decisions": "bytea", "valid_from": "timestamptz"},
    **{"record_from": "timestamptz"},
}


@dataclass(frozen=True, slots=True)
class Side:
    """Buildings on one side of a comparison: what they look like, and the key (staged) or object id (held) of each."""

    footprints: Footprints
    keys: tuple[Any, ...]
    rows: tuple[int, ...]
    cells: np.ndarray[Any, np.dtype[np.int64]]


def blocks(connection: Connection, dataset_id: int) -> list[int]:
    """The squares (grid keys at `BLOCK_DEPTH`) where new keys are staged on ground that other datasets have built on."""
    if not _others(connection, dataset_id):
        return []
    rows = connection.execute(statement("select_shared_blocks"), {"dataset_id": dataset_id, "shift": 2 * BLOCK_DEPTH})
    return [int(row) for row in rows.scalars()]


def sides(connection: Connection, dataset_id: int, block: int, margin_m: float) -> tuple[Side, Side]:
    """What is staged under new keys, and what other datasets' buildings stand, in a square and round it."""
    box = geometry.cell_box(block, BLOCK_DEPTH)
    area = shapely.box(box.west - margin_m, box.south - margin_m, box.east + margin_m, box.north + margin_m)
    wkb = shapely.to_wkb(shapely.set_srid(area, srid(connection)), hex=True, include_srid=True)
    values = {"dataset_id": dataset_id, "box": wkb}
    staged = connection.execute(statement("select_staged_strangers"), values).all()
    held = connection.execute(statement("select_held_neighbours"), values).all()
    return _side(staged), _side(held)


def _side(rows: Sequence[Any]) -> Side:
    measured = [r.height_m if r.height_basis == "source" else None for r in rows]
    return Side(
        Footprints.of(
            shapely.from_wkb([bytes(r.shape) for r in rows]) if rows else np.zeros(0, dtype=object),
            name=[r.name for r in rows],
            address=[r.address for r in rows],
            height_m=np.array(measured, dtype=np.float64),
            storeys=np.array([r.storeys for r in rows], dtype=np.float64),
            year=np.array([r.year for r in rows], dtype=np.float64),
        ),
        tuple(r.key for r in rows),
        tuple(int(r.source_row) for r in rows),
        np.array([r.cell for r in rows], dtype=np.int64),
    )


def put_aliases(
    connection: Connection, dataset_id: int, version_id: int, found: Sequence[tuple[str, int, float, str]]
) -> None:
    """Keys of a dataset that are objects known already: (source key, object id, score, why)."""
    into = (
        "COPY cim.object_alias (dataset_id, source_key, object_id, score, why, version_id) FROM STDIN (FORMAT BINARY)"
    )
    with raw(connection).cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(["int8", "text", "int8", "float4", "text", "int8"])
        for key, object_id, score, why in found:
            copy.write_row([dataset_id, key, object_id, score, why, version_id])


def unnamed(connection: Connection, dataset_id: int) -> list[Any]:
    """Staged records that name a building they cannot be: source_row, building, code, other_row, apart_m."""
    return list(connection.execute(statement("select_unnamed_bodies"), {"dataset_id": dataset_id}))


def put_named(connection: Connection, dataset_id: int, version_id: int) -> int:
    """Let staged records that name a building be that building; how many keys are new."""
    values = {"dataset_id": dataset_id, "version_id": version_id}
    return int(connection.execute(statement("insert_named_aliases"), values).rowcount)


def _others(connection: Connection, dataset_id: int) -> bool:
    """Whether any other dataset tells of a building."""
    sql = """
        SELECT EXISTS (
            SELECT FROM cim.dataset d
            WHERE d.id <> :id AND EXISTS (SELECT FROM cim.body WHERE dataset_id = d.id AND record_to IS NULL))"""
    return bool(connection.execute(text(sql), {"id": dataset_id}).scalar_one())


def told_by_several(connection: Connection, dataset_id: int) -> list[Any]:
    """The open tellings of every body that the judged delivery touched and that several datasets tell of, or did.

    One row a telling (role 0 or 1) and one for what was made of them (role 2), by building and level of detail; `since`:
    from when on the delivery says that the world is so.
    """
    return list(connection.execute(statement("select_tellings"))) if _others(connection, dataset_id) else []


def switch(
    connection: Connection, at: datetime, states: Sequence[tuple[int, int, datetime | None, datetime | None]]
) -> None:
    """States go on under another role or for another time: (body row, role, valid_from, valid_to).

    The rows are closed and copies begin; one that began in this very transaction is changed where it is.
    """
    if not states:
        return
    ids, roles, begins, ends = zip(*states, strict=True)
    values = {"ids": list(ids), "roles": list(roles), "begins": list(begins), "ends": list(ends), "stamp": at}
    connection.execute(statement("switch_young_bodies"), {k: values[k] for k in ("ids", "roles", "stamp")})
    connection.execute(text("CREATE TEMPORARY TABLE switched (LIKE cim.body) ON COMMIT DROP"))
    connection.execute(statement("copy_switched_bodies"), values)
    close(connection, at, list(dict.fromkeys(ids)))
    connection.execute(statement("insert_switched_bodies"))
    connection.execute(text("DROP TABLE switched"))


def close(connection: Connection, at: datetime, ids: Sequence[int]) -> None:
    """End the record of states; those that began in this transaction stay."""
    connection.execute(
        text("UPDATE cim.body SET record_to = :stamp WHERE id = ANY(CAST(:ids AS bigint[])) AND record_from < :stamp"),
        {"ids": list(ids), "stamp": at},
    )


def put_fused(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """States made of several tellings: one dict a state with the columns of a body; geometry in the city frame."""
    if not rows:
        return
    number = srid(connection)
    shapes = np.array([row["footprint"] for row in rows], dtype=object)
    wkb = shapely.to_wkb(shapely.set_srid(shapes, number), include_srid=True).tolist()
    cells = geometry.cell_keys(geometry.anchors(shapes)).tolist()
    names = ", ".join(_FUSED)
    connection.execute(text("CREATE TEMPORARY TABLE fused (LIKE cim.body) ON COMMIT DROP"))
    connection.execute(text("ALTER TABLE fused ALTER id DROP NOT NULL"))
    pictures = Pictures()
    with raw(connection).cursor() as cursor:
        with cursor.copy(f"COPY fused ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(list(_FUSED.values()))
            for row, shape, cell in zip(rows, wkb, cells, strict=True):
                ready = row | {"footprint": shape, "cell": cell, "properties": jsonb(row["properties"])}
                ready |= {"decisions": jsonb(row["decisions"]), "role": 2}
                ready |= _surfaces(row["boundary"], number, pictures)
                copy.write_row([ready[name] for name in _FUSED])
        pictures.put(cursor, "cim.picture")
    connection.execute(text(f"INSERT INTO cim.body ({names}) SELECT {names} FROM fused ORDER BY cell, building_id"))
    connection.execute(text("DROP TABLE fused"))


def _surfaces(body: Boundary | None, number: int, pictures: Pictures) -> dict[str, Any]:
    """The columns of a body that hold its surfaces; its pictures gather apart."""
    if body is None:
        return dict.fromkeys(("geom", "semantics", "structure", "appearance"))
    look = jsonb(pictures.named(body.appearance)) if body.appearance else None
    codes, bound = body.surface.tolist(), jsonb(body.structure())
    return {"geom": body.wkb(number), "semantics": codes, "structure": bound, "appearance": look}


def conflicts(
    connection: Connection, *, limit: int = 100, after: int = 0, code: str | None = None
) -> list[dict[str, Any]]:
    """Buildings whose sources say different things now: id, level of detail, who won each attribute, who lost, and why.

    code: only buildings with a conflict of this kind.
    """
    rows = connection.execute(
        text("""
            SELECT building_id AS id, lod, name, decisions FROM cim.current_body
            WHERE role = 2 AND jsonb_array_length(decisions -> 'conflicts') > 0 AND building_id > :after
                AND (CAST(:code AS text) IS NULL
                     OR decisions -> 'conflicts' @> jsonb_build_array(jsonb_build_object('code', CAST(:code AS text))))
            ORDER BY building_id, lod LIMIT :limit"""),
        {"after": after, "limit": limit, "code": code},
    )
    return [dict(row._mapping) for row in rows]
