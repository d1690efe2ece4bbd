"""/tiles3d/city/tileset.json?at=&as_known_at=: the roots of other days, made in a thread, once for all who ask meanwhile."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from api.deps import Service, moment
from api.errors import refuse_for
from api.static import find, serve
from cim.errors import BadInput, CimError, Unavailable
from cim.store.bodies import Moment
from cim.store.geoid import open_geoid
from tilesets.city import past
from tilesets.city.refresh import Yard

_DOOR = "/tiles3d/city/tileset.json"
_WAIT_S = 25.0
"""Whoever asks is told to come back after this long; the root is made all the same."""

Asked = tuple[str | None, str | None]


class Past:
    """Answers for another day's city, and passes every other request to `rest`.

    service: what the process shares, there once the server has started. cluster: see `Yard`.
    """

    def __init__(self, rest: ASGIApp, data: Path, service: Callable[[], Service], cluster: str | None) -> None:
        self._rest, self._data, self._service, self._cluster = rest, data, service, cluster
        self._making: dict[Asked, asyncio.Task[Path]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        wanted = scope["type"] == "http" and scope["path"] == _DOOR and scope["method"] in ("GET", "HEAD")
        if not wanted or not scope["query_string"]:
            await self._rest(scope, receive, send)
            return
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            root = await self._root(_asked(query))
        except CimError as error:
            await refuse_for(error, scope, send)
            return
        held = find(_DOOR, self._data)
        await serve(held and replace(held, path=root), scope, send, "the city of that day went away; ask again")

    async def _root(self, asked: Asked) -> Path:
        """The root's file. Raises BadInput for a time that is none, Unavailable while it takes too long."""
        task = self._making.get(asked)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._made, asked))
            self._making[asked] = task
            task.add_done_callback(lambda _: self._making.pop(asked, None))
        try:
            return await asyncio.wait_for(asyncio.shield(task), _WAIT_S)
        except TimeoutError:
            raise Unavailable("the city of that day is being made: ask again in a moment") from None

    def _made(self, asked: Asked) -> Path:
        shared = self._service()
        at, known = asked
        zone = shared.city.time_zone
        wanted = Moment(
            shared.clock() if at is None else moment(at, "at", zone),
            None if known is None else moment(known, "as_known_at", zone),
        )
        geoid, workers = open_geoid(shared.city), os.cpu_count() or 1
        return past.root(Yard(shared.database, shared.city, shared.data, geoid, workers, self._cluster), wanted)


def _asked(query: Mapping[str, Sequence[str]]) -> Asked:
    """The two times, as texts. Raises BadInput for another parameter."""
    strange = sorted(query.keys() - {"at", "as_known_at"})
    if strange:
        raise BadInput(f"query parameter {strange[0]!r} is unknown; known here: as_known_at, at")
    at, known = (query[name][-1] if name in query else None for name in ("at", "as_known_at"))
    return at, known
