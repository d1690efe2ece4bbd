"""POST /sta/v1.1/Observations: many small requests share one commit, and none of them waits for a thread of its own.

While one transaction commits, what arrives meanwhile gathers for the next: under load the groups grow by themselves, a
lone request waits for nobody. An answer is sent after its commit.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import refuse_for
from api.limits import Budget, read_body
from api.metrics import Metrics
from api.responses import encode
from api.sensorthings import observation_id
from cim.errors import BadInput, CimError, Conflict, NoSpace, Unavailable, Unknown
from cim.store import series
from cim.store.db import Database
from cim.types import Box, Observation
from loaders.protocols.sensorthings import PROTOCOL

DOOR = "/sta/v1.1/Observations"
MOST_BYTES = 64 * 1024 * 1024
MOST_WAITING_BYTES = 2 * MOST_BYTES  # of all bodies that are being received, or wait to be stored
_GROUP = 20_000  # observations in one transaction, unless one request alone brings more
_REACH_DEG = 5.0  # a vehicle may leave the city; one that is this far out has its coordinates wrong


@dataclass(eq=False, slots=True)
class Waiting:
    """One request's observations, and whoever waits for them to be stored."""

    observations: list[Observation]
    stored: "asyncio.Future[None]"


class Ingest:
    """Answers POSTs of observations, and passes every other request to `rest`."""

    def __init__(self, rest: ASGIApp, writer: Callable[[], "Writer"]) -> None:
        self._rest, self._writer = rest, writer
        self._budget = Budget(MOST_WAITING_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != DOOR or scope["method"] != "POST":
            await self._rest(scope, receive, send)
            return
        try:
            with self._budget.share() as take:
                _check_type(scope)
                body = await read_body(scope, receive, MOST_BYTES, take)
                observations = await self._store(body)
        except CimError as error:
            await refuse_for(error, scope, send)
            return
        single = len(observations) == 1 and not body.lstrip().startswith(b"[")
        if single:
            id = observation_id(observations[0])
            await _created(send, encode({"@iot.id": id}), f"{DOOR}('{id}')")
        else:
            await _created(send, encode({"@iot.count": len(observations)}), None)

    async def _store(self, body: bytes) -> list[Observation]:
        writer = self._writer()
        at = writer.clock()
        long = len(body) > 100_000  # parsing that would hold up everybody else's events
        observations = await asyncio.to_thread(PROTOCOL.decode, body, at) if long else PROTOCOL.decode(body, at)
        writer.check_places(observations)
        await writer.store(observations)
        return observations


class Writer:
    """Gathers observations and writes them group by group, one transaction at a time."""

    def __init__(self, database: Database, near: Box, metrics: Metrics, clock: Callable[[], datetime]) -> None:
        self._database, self._metrics, self.clock = database, metrics, clock
        d = _REACH_DEG
        self._near = Box(near.west - d, near.south - d, near.east + d, near.north + d)
        self._waiting: deque[Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    def check_places(self, observations: Sequence[Observation]) -> None:
        """Raise BadInput for a place far from the city, lon and lat swapped most likely."""
        for o in observations:
            if o.lonlat is not None and not self._near.contains(*o.lonlat):
                raise BadInput(
                    f"FeatureOfInterest: {list(o.lonlat)} lies far outside the city; expected [lon, lat] in degrees"
                )

    async def store(self, observations: list[Observation]) -> None:
        """Store them, all or none; returns after the commit.

        Raises Unknown for a datastream that does not exist, Unavailable while the database is away.
        """
        if not observations:
            return
        waiting = Waiting(observations, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        await waiting.stored

    async def close(self) -> None:
        """Let the last group finish."""
        if self._task is not None:
            await self._task

    async def _drain(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft()]
            size = len(group[0].observations)
            while self._waiting and size + len(self._waiting[0].observations) <= _GROUP:
                group.append(self._waiting.popleft())
                size += len(group[-1].observations)
            try:
                outcomes = await asyncio.to_thread(self._write, group)
            except Exception as error:  # whatever it was, everybody who waits must hear of it
                outcomes = [error for _ in group]
            for waiting, outcome in zip(group, outcomes, strict=True):
                if waiting.stored.done():
                    continue  # its client has left
                if outcome is None:
                    waiting.stored.set_result(None)
                else:
                    waiting.stored.set_exception(outcome)

    def _write(self, group: Sequence[Waiting]) -> list[Exception | None]:
        """Write a group, and where that fails each request alone: a bad one harms nobody else."""
        try:
            return self._commit(group)
        except (Unavailable, NoSpace) as error:
            return [error for _ in group]
        except Exception as error:
            if len(group) == 1 and not isinstance(error, Conflict):  # a conflict may be gone the second time
                return [error]
        outcomes: list[Exception | None] = []
        for number, waiting in enumerate(group):
            try:
                outcomes += self._commit([waiting])
            except (Unavailable, NoSpace) as error:
                return outcomes + [error] * (len(group) - number)
            except Exception as error:
                outcomes.append(error)
        return outcomes

    def _commit(self, group: Sequence[Waiting]) -> list[Exception | None]:
        """One transaction; a request that names an unknown datastream is left out, the others are not."""
        with self._database.begin() as connection:
            strange = series.unknown(connection, [o.datastream_id for w in group for o in w.observations])
            refused = [
                next((o.datastream_id for o in w.observations if o.datastream_id in strange), None) for w in group
            ]
            taken = [o for w, id in zip(group, refused, strict=True) if id is None for o in w.observations]
            series.write(connection, taken, known=True)
        self._metrics.ingested(len(taken))
        return [None if id is None else Unknown(f"there is no Datastream {id}") for id in refused]


def _check_type(scope: Scope) -> None:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    kind = headers.get(b"content-type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise BadInput(f"Content-Type is {kind}: observations are sent as application/json")


async def _created(send: Send, body: bytes, location: str | None) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if location is not None:
        headers.append((b"location", location.encode()))
    await send({"type": "http.response.start", "status": HTTPStatus.CREATED, "headers": headers})
    await send({"type": "http.response.body", "body": body})
