"""Records on their way out: every column of a layer or of one version of a dataset, page by page, in one snapshot."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import psycopg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    Double,
    FromClause,
    Numeric,
    Select,
    Text,
    and_,
    bindparam,
    case,
    column,
    func,
    literal,
    or_,
    select,
    table,
    true,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import TIMESTAMP, array, distinct_on
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.types import Boolean, TypeEngine

from cim.layers import LAYERS
from cim.plugins import Column, Layer
from cim.store import part_table, staging
from cim.store.db import Database
from cim.store.record_columns import columns
from cim.store.tables import body, feature
from cim.types import Box, CimLevel, RoofForm, Use

PAGE = 20_000
GEOMETRY = "geometry"
BODY = ("body_surfaces", "body_semantics", "body_structure", "body_appearance")
"""What a page holds of delivered surfaces: MultiPolygonZ (WKB), and JSON as text; None: there are none."""

_TYPES: Mapping[str, TypeEngine[Any]] = {
    "real": Double(),
    "time": TIMESTAMP(timezone=True),
    "date": Date(),
    "boolean": Boolean(),
}
_DATASET = table("dataset", column("id"), column("name"), schema="cim")
_VERSION = table("dataset_version", column("id"), column("published_at"), schema="cim")
_OBJECT = table("object", column("id"), column("dataset_id"), column("source_key"), schema="cim")
_ALIAS = table("object_alias", column("object_id"), column("dataset_id"), column("source_key"), schema="cim")
_NAMED = {"use": Use, "roof_form": RoofForm, "cim_level": CimLevel}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: what the model shows of a layer, or what one dataset was when a version of it was published.

    at: as the world was then (None: now; of a dataset: every record of it that was not ended). known: by what the model
    held then. box: only what meets it, a polygon in the city frame as hex EWKB.
    """

    layer: str
    dataset_id: int | None = None
    at: datetime | None = None
    known: datetime | None = None
    box: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of the records before the first is read.

    shapes: the kinds of geometry, such as MultiPolygon. box: around them all, city frame. fractions: columns of whole
    numbers that hold others too. points: coordinates in all. versions: those that brought the records.
    """

    count: int
    shapes: frozenset[str]
    has_z: bool
    points: int
    box: Box | None
    fractions: frozenset[str]
    versions: tuple[int, ...]


class Snapshot:
    """One transaction that sees one state of the model, however long it is read."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None
        self.now: datetime = row[0]

    def survey(self, wanted: Wanted) -> Survey:
        """Count the records and look at their shapes; reads them all once, in the database."""
        layer = LAYERS[wanted.layer]
        chosen = _records(layer, self._timed(wanted)).subquery()
        shape = chosen.c[GEOMETRY]
        whole = [c for c in layer.columns if c.kind == "integer" and layer.name != "buildings"]
        box = func.ST_Extent(shape)
        kind = func.replace(func.ST_GeometryType(shape), "ST_", "")
        found = self._run(
            select(
                func.count(),
                func.array_agg(kind.distinct()).filter(shape.is_not(None)),
                func.coalesce(func.bool_or(func.ST_NDims(shape) > 2), False),
                func.coalesce(func.sum(func.ST_NPoints(shape)), 0),
                func.array_agg(chosen.c.cim_version.distinct()),
                *(func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box)),
                *(func.coalesce(func.bool_or(func.mod(chosen.c[c.name], 1) != 0), False) for c in whole),
            ).select_from(chosen)
        ).fetchone()
        assert found is not None
        count, shapes, has_z, points, versions, west, south, east, north, *odd = found
        around = None if west is None else Box(west, south, east, north)
        names = frozenset(c.name for c, is_odd in zip(whole, odd, strict=True) if is_odd)
        return Survey(count, frozenset(shapes or ()), has_z, int(points), around, names, tuple(sorted(versions or ())))

    def assembly_parts(self, wanted: Wanted) -> list[dict[str, Any]]:
        """The table of parts at the moment of the records; of a version of a dataset, when it was published."""
        at = wanted.at or wanted.known or self.now
        return part_table.assembly_parts(self._connection, at, wanted.known)

    def widths(self, wanted: Wanted) -> dict[str, int]:
        """The most bytes (UTF-8) that any record has in each column of text; 0 where there is none."""
        layer = LAYERS[wanted.layer]
        chosen = _records(layer, self._timed(wanted)).subquery()
        texts = [c.name for c in columns(layer) if c.kind in ("text", "json")]
        row = self._run(select(*(func.max(func.octet_length(chosen.c[n])) for n in texts))).fetchone()
        assert row is not None
        return {name: int(width or 0) for name, width in zip(texts, row, strict=True)}

    def pages(self, wanted: Wanted, survey: Survey, *, bodies: bool = False) -> Iterator[dict[str, Sequence[Any]]]:
        """Columns of up to 20,000 records at a time, ascending id: those of `columns`, and `geometry` (WKB or None).

        bodies: of buildings also `BODY`.
        """
        layer = LAYERS[wanted.layer]
        query = _records(layer, self._timed(wanted)).subquery()
        names = [c.name for c in columns(layer)]
        whole = {c.name for c in layer.columns if c.kind == "integer" and c.name not in survey.fractions}
        asked = [
            sql_cast(query.c[n], BigInteger) if n in whole else sql_cast(query.c[n], Double) if n in survey.fractions
            else query.c[n]
            for n in names
        ]  # fmt: skip
        order = [query.c.cim_id, *([query.c.lod.desc()] if layer.name == "buildings" else [])]
        more = BODY if bodies else ()
        statement = select(*asked, func.ST_AsBinary(query.c[GEOMETRY]), *(query.c[n] for n in more)).order_by(*order)
        sql, values = _compiled(statement)
        with self._connection.cursor("export", binary=True) as cursor:
            cursor.execute(sql, values)
            while rows := cursor.fetchmany(PAGE):
                yield dict(zip([*names, GEOMETRY, *more], zip(*rows, strict=True), strict=True))

    def _timed(self, wanted: Wanted) -> Wanted:
        """The same, of a moment: that of the snapshot where none is asked for."""
        return wanted if wanted.dataset_id is not None or wanted.at else replace(wanted, at=self.now)

    def _run(self, statement: Select[Any]) -> "psycopg.Cursor[Any]":
        sql, values = _compiled(statement)
        return self._connection.execute(sql, values)


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """A snapshot in a connection of its own; it only reads."""
    with database.raw() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SET LOCAL cursor_tuple_fraction = 1.0")  # every record is fetched in the end
        yield Snapshot(connection)


def _compiled(statement: Select[Any]) -> tuple[bytes, dict[str, Any]]:
    """A statement as psycopg itself takes it, for named cursors and binary answers."""
    found = statement.compile(
        dialect=PGDialect_psycopg()  # type: ignore[no-untyped-call]
    )
    return str(found).encode(), dict(found.params)


def _records(layer: Layer, wanted: Wanted) -> Select[Any]:
    """All columns of the records that are wanted."""
    states = _states(layer, wanted)
    key: ColumnElement[Any] = _OBJECT.c.source_key
    if wanted.dataset_id is not None:  # an object that another dataset brought first wears this one's key as an alias
        alias = (
            select(func.min(_ALIAS.c.source_key))
            .where(_ALIAS.c.object_id == _OBJECT.c.id, _ALIAS.c.dataset_id == wanted.dataset_id)
            .scalar_subquery()
        )
        key = case((_OBJECT.c.dataset_id == wanted.dataset_id, key), else_=alias)
    object_id = states.c.building_id if layer.name == "buildings" else states.c.object_id
    ours = {
        "cim_id": object_id,
        "cim_key": key,
        "cim_dataset": _DATASET.c.name,
        "cim_version": states.c.version_id,
        "cim_row": states.c.source_row,
        "cim_record_from": _stamp(states.c.record_from),
        "cim_record_to": _stamp(states.c.record_to),
    }
    shape: ColumnElement[Any] = states.c.footprint if layer.name == "buildings" else states.c.geom
    if "raised" in states.c:
        shape = func.coalesce(states.c.raised, shape)  # where heights came along, the line or point that has them
    found = {c.name: ours[c.name] if c.name in ours else _value(c, layer, states) for c in columns(layer)}
    if layer.name == "buildings":
        found |= zip(BODY, _surfaces(states), strict=True)
    return (
        select(*(value.label(name) for name, value in found.items()), type_coerce(shape, Text).label(GEOMETRY))
        .join_from(states, _OBJECT, _OBJECT.c.id == object_id)
        .join(_DATASET, _DATASET.c.id == states.c.dataset_id)
    )


def _surfaces(states: FromClause) -> tuple[ColumnElement[Any], ...]:
    """The columns of `BODY`."""
    told = (func.to_jsonb(states.c.semantics), states.c.structure, states.c.appearance)
    return (func.ST_AsBinary(states.c["geom"]), *(sql_cast(one, Text) for one in told))


def _states(layer: Layer, wanted: Wanted) -> FromClause:
    """The states that are wanted, all columns of their table."""
    kept = body if layer.name == "buildings" else feature
    shape = kept.c.footprint if layer.name == "buildings" else kept.c.geom
    held = (
        kept.c.record_to.is_(None)
        if wanted.known is None
        else and_(kept.c.record_from <= wanted.known, or_(kept.c.record_to.is_(None), kept.c.record_to > wanted.known))
    )
    within = (
        true()
        if wanted.box is None
        else func.ST_Intersects(func.ST_GeomFromEWKB(func.decode(wanted.box, "hex")), shape)
    )
    if wanted.dataset_id is not None:
        return _of_dataset(layer, wanted, held, within)
    holds = func.cim.holds(kept.c.valid_from, kept.c.valid_to, sql_cast(wanted.at, TIMESTAMP(timezone=True)))
    if layer.name != "buildings":
        return select(feature).where(feature.c.layer == layer.name, held, holds, within).subquery("states")
    finest = select(body).ext(distinct_on(body.c.building_id)).where(body.c.role != 1, held, holds, within)
    return finest.order_by(body.c.building_id, body.c.lod.desc()).subquery("states")


def _of_dataset(layer: Layer, wanted: Wanted, held: Any, within: Any) -> FromClause:
    """Of each object the latest slice of its life that the dataset knew, unless it was ended later than it was told."""
    kept = body if layer.name == "buildings" else feature
    of = (body.c.building_id, body.c.lod) if layer.name == "buildings" else (feature.c.object_id,)
    mine = (body.c.role != 2) if layer.name == "buildings" else (feature.c.layer == layer.name)
    latest = (
        select(kept)
        .ext(distinct_on(*of))
        .where(kept.c.dataset_id == wanted.dataset_id, mine, held, within)
        .order_by(*of, kept.c.valid_to.desc().nulls_first())
    )
    if wanted.at is not None:
        holds = func.cim.holds(kept.c.valid_from, kept.c.valid_to, sql_cast(wanted.at, TIMESTAMP(timezone=True)))
        return latest.where(holds).subquery("states")
    states = latest.subquery("slices")
    told = select(_VERSION.c.published_at).where(_VERSION.c.id == states.c.version_id).scalar_subquery()
    stands = or_(states.c.valid_to.is_(None), states.c.valid_to > wanted.known, states.c.record_from == told)
    return select(states).where(stands).subquery("states")


def _value(told: Column, layer: Layer, states: FromClause) -> ColumnElement[Any]:
    """A column of a record: one of the table's own, or what the store keeps of it in `properties`."""
    name = told.name
    if name == "extra":
        rest = states.c.properties.op("-")(sql_cast(array([c.name for c in layer.columns]), ARRAY(Text)))
        return func.nullif(sql_cast(rest, Text), literal("{}"))
    if name == "cim_decisions":
        return sql_cast(states.c.decisions, Text)
    if name in _NAMED and name in states.c:
        basis = states.c.properties.op("->>")("roof_basis")  # flat on none: nobody told a form
        untold = case((basis.is_(None), 0)) if name == "roof_form" else literal(None)
        return case({int(m.value): m.name for m in _NAMED[name]}, value=func.nullif(states.c[name], untold))
    if name in ("accuracy_m", "lod") and name in states.c:
        return sql_cast(sql_cast(states.c[name], Text), Double)  # 0.1 stays 0.1, not the single float's 0.10000000149
    if name in staging.columns(layer):  # what is staged in a column of its own is held in one
        return cast("ColumnElement[Any]", states.c[name])
    held = states.c.properties.op("->>")(bindparam(f"of_{name}", name, type_=Text))
    if told.kind == "integer":
        return sql_cast(held, Numeric)
    return sql_cast(held, _TYPES[told.kind]) if told.kind in _TYPES else type_coerce(held, Text)


def _stamp(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """A record time as ISO 8601 text: formats that hold times keep milliseconds of them, and these are microseconds."""
    return func.to_char(func.timezone("UTC", moment), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
