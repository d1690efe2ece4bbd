"""/sta/v1.1: Things, Datastreams and Observations of the SensorThings API, read side. (POSTs are api/ingest.py's.)"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from api import sensorthings as sta
from api.deps import Db
from api.limits import Id
from api.responses import Json
from cim.errors import BadInput
from cim.store import series, things
from cim.store.db import Connection
from loaders.protocols.sensorthings import time as parse_time

ROOT = "/sta/v1.1"
router = APIRouter(prefix=ROOT, tags=["SensorThings"])
_THING, _STREAM = ("Locations", "Datastreams"), ("Thing", "Observations")
_CONFORMS = "http://www.opengis.net/spec/iot_sensing/1.1/req"


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{ROOT}"


@router.get("", include_in_schema=False)
@router.get("/")
def service_root(request: Request) -> Json:
    """The collections, and what of the standard is served."""
    sta.options(request.query_params.multi_items())
    names = ("Things", "Datastreams", "Observations")
    served = [f"{_CONFORMS}/datamodel", f"{_CONFORMS}/request-data/top", f"{_CONFORMS}/request-data/skip"]
    served += [f"{_CONFORMS}/request-data/count", f"{_CONFORMS}/request-data/pagination"]
    return Json(
        {
            "value": [{"name": name, "url": f"{_base(request)}/{name}"} for name in names],
            "serverSettings": {"conformance": served},
        }
    )


@router.get("/Things")
def list_things(request: Request, db: Db) -> Json:
    """Things, in the order of their ids; $expand=Locations,Datastreams."""
    asked = sta.options(request.query_params.multi_items(), _THING)
    with db.begin() as connection:
        rows = things.things(connection, after=_after(asked), skip=asked.skip, limit=asked.top + 1)
        found = _things(connection, rows[: asked.top], asked, _base(request))
        total = things.total(connection, "thing") if asked.count else None
    return _paged(found, rows, f"{_base(request)}/Things", asked, total)


@router.get("/Things({id})")
def get_thing(request: Request, db: Db, id: Id) -> Json:
    """One Thing; $expand=Locations,Datastreams."""
    asked = sta.options(request.query_params.multi_items(), _THING)
    with db.begin() as connection:
        return Json(_things(connection, [things.thing(connection, id)], asked, _base(request))[0])


@router.get("/Things({id})/Locations")
def get_locations(request: Request, db: Db, id: Id) -> Json:
    """Where a Thing is."""
    sta.options(request.query_params.multi_items())
    with db.begin() as connection:
        return Json({"value": sta.locations(things.thing(connection, id), _base(request))})


@router.get("/Things({id})/Datastreams")
def list_datastreams_of_thing(request: Request, db: Db, id: Id) -> Json:
    """A Thing's Datastreams; $expand=Thing,Observations."""
    asked = sta.options(request.query_params.multi_items(), _STREAM)
    with db.begin() as connection:
        things.thing(connection, id)
        streams = things.datastreams(connection, things=[id], after=_after(asked), skip=asked.skip, limit=asked.top + 1)
        found = _streams(connection, streams[: asked.top], asked, _base(request))
    return _paged(found, streams, f"{_base(request)}/Things({id})/Datastreams", asked, None)


@router.get("/Datastreams")
def list_datastreams(request: Request, db: Db) -> Json:
    """Datastreams, in the order of their ids; $expand=Thing,Observations."""
    asked = sta.options(request.query_params.multi_items(), _STREAM)
    with db.begin() as connection:
        rows = things.datastreams(connection, after=_after(asked), skip=asked.skip, limit=asked.top + 1)
        found = _streams(connection, rows[: asked.top], asked, _base(request))
        total = things.total(connection, "datastream") if asked.count else None
    return _paged(found, rows, f"{_base(request)}/Datastreams", asked, total)


@router.get("/Datastreams({id})")
def get_datastream(request: Request, db: Db, id: Id) -> Json:
    """One Datastream; $expand=Thing,Observations."""
    asked = sta.options(request.query_params.multi_items(), _STREAM)
    with db.begin() as connection:
        return Json(_streams(connection, [things.datastream(connection, id)], asked, _base(request))[0])


@router.get("/Datastreams({id})/Thing")
def get_thing_of_datastream(request: Request, db: Db, id: Id) -> Json:
    """The Thing that a Datastream belongs to; $expand=Locations,Datastreams."""
    asked = sta.options(request.query_params.multi_items(), _THING)
    with db.begin() as connection:
        row = things.thing(connection, things.datastream(connection, id)["thing_id"])
        return Json(_things(connection, [row], asked, _base(request))[0])


@router.get("/Datastreams({id})/Observations")
def list_observations_of_datastream(request: Request, db: Db, id: Id) -> Json:
    """A Datastream's Observations in the order of time; $orderby=phenomenonTime desc for the newest first."""
    asked = sta.options(request.query_params.multi_items(), ordered=True)
    with db.begin() as connection:
        things.datastream(connection, id)
        return _observations(connection, id, f"{_base(request)}/Datastreams({id})/Observations", asked, _base(request))


@router.get("/Observations")
def list_observations(request: Request, db: Db) -> Json:
    """All Observations in the order of time; $orderby=phenomenonTime desc for the newest first."""
    asked = sta.options(request.query_params.multi_items(), ordered=True)
    with db.begin() as connection:
        return _observations(connection, None, f"{_base(request)}/Observations", asked, _base(request))


@router.get("/Observations('{key}')")
def get_observation(request: Request, db: Db, key: str) -> Json:
    """One Observation, by its datastream and time."""
    sta.options(request.query_params.multi_items())
    id, _, time = key.partition("@")
    if not (id.isascii() and id.isdigit() and len(id) < 19):
        raise BadInput(f"Observation {key!r}: expected datastream@time, such as '12@2026-01-01T00:00:00Z'")
    with db.begin() as connection:
        return Json(sta.observation(series.observation(connection, int(id), parse_time(time)), _base(request)))


def _after(asked: sta.Options) -> int | None:
    token = asked.skiptoken
    if token is not None and not (token.isascii() and token.isdigit() and len(token) < 19):
        raise BadInput(f"$skiptoken={token!r}: expected one from an @iot.nextLink")
    return None if token is None else int(token)


def _paged(found: list[sta.Entity], rows: Sequence[Any], at: str, asked: sta.Options, total: int | None) -> Json:
    more = len(rows) > asked.top > 0
    return Json(sta.collection(found, at, asked, str(rows[asked.top - 1]["id"]) if more else None, total))


def _things(connection: Connection, rows: Sequence[sta.Entity], asked: sta.Options, base: str) -> list[sta.Entity]:
    found = [sta.thing(row, base) for row in rows]
    if asked.expands("Locations") is not None:
        for entity, row in zip(found, rows, strict=True):
            entity["Locations"] = sta.locations(row, base)
    inner = asked.expands("Datastreams")
    if inner is not None:
        every = things.datastreams(connection, things=[row["id"] for row in rows], limit=sta.MOST_TOP)
        own: dict[int, list[sta.Entity]] = {}
        for row in every:
            own.setdefault(row["thing_id"], []).append(sta.datastream(row, base))
        for entity in found:
            entity["Datastreams"] = own.get(entity["@iot.id"], [])[inner.skip : inner.skip + inner.top]
    return found


def _streams(connection: Connection, rows: Sequence[sta.Entity], asked: sta.Options, base: str) -> list[sta.Entity]:
    found = [sta.datastream(row, base) for row in rows]
    inner = asked.expands("Observations")
    owners = {row["thing_id"] for row in rows} if asked.expands("Thing") is not None else set()
    held = {row["id"]: row for row in things.things(connection, ids=sorted(owners), limit=len(owners))}
    for entity, row in zip(found, rows, strict=True):
        if row["thing_id"] in held:
            entity["Thing"] = sta.thing(held[row["thing_id"]], base)
        if inner is not None:
            at = f"{base}/Datastreams({row['id']})/Observations"
            page = _page(connection, row["id"], at, inner, base)
            entity["Observations"] = page["value"]
            if "@iot.nextLink" in page:
                entity["Observations@iot.nextLink"] = page["@iot.nextLink"]
    return found


def _observations(connection: Connection, id: int | None, at: str, asked: sta.Options, base: str) -> Json:
    return Json(_page(connection, id, at, asked, base))


def _page(connection: Connection, id: int | None, at: str, asked: sta.Options, base: str) -> sta.Entity:
    after, limit = sta.page(asked.skiptoken), asked.top + 1
    rows = series.observations(
        connection, id, newest_first=asked.newest_first, after=after, skip=asked.skip, limit=limit
    )
    total = series.total(connection, id) if asked.count else None
    shown = rows[: asked.top]
    token = sta.observation_id(shown[-1]) if len(rows) > asked.top > 0 else None
    return sta.collection([sta.observation(o, base) for o in shown], at, asked, token, total)
