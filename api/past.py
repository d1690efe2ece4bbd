"""/tiles3d/city/tileset.json?at=&as_known_at=: the roots of other days, made in a thread, once for all who ask meanwhile."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from api.deps import Service, moment
from api.errors import Busy, refuse_for
from api.static import find, serve
from cim.errors import BadInput, CimError
from cim.store.bodies import Moment
from cim.store.geoid import open_geoid
from tilesets.city import past
from tilesets.city.refresh import Yard

_DOOR = "/tiles3d/city/tileset.json"
_WAIT_S = 25.0
"""Whoever asks is told to come back after this long; the root is made all the same."""
_AT_ONCE, _MOST_WAITING, _WORKERS = 2, 16, 2

Asked = tuple[str | None, str | None]


class Past:
    """Answers for another day's city, and passes every other request to `rest`.

    service: what the process shares, there once the server has started. cluster: see `Yard`.
    """

    def __init__(self, rest: ASGIApp, data: Path, service: Callable[[], Service], cluster: str | None) -> None:
        self._rest, self._data, self._service, self._cluster = rest, data, service, cluster
        self._making: dict[Asked, asyncio.Future[Path]] = {}
        # Threads of their own: days that take long must not keep other answers waiting.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="past")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        wanted = (
            scope["type"] == "http" and scope["path"].startswith("/tiles3d/") and scope["method"] in ("GET", "HEAD")
        )
        if not wanted or not scope["query_string"] or not scope["path"].endswith("/tileset.json"):
            await self._rest(scope, receive, send)
            return
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if scope["path"] != _DOOR:
                raise BadInput(f"{scope['path']} takes no query: it is one city, kept as it was; {_DOOR} takes at=")
            root = await self._root(_asked(query))
        except CimError as error:
            await refuse_for(error, scope, send)
            return
        held = find(_DOOR, self._data)
        await serve(held and replace(held, path=root), scope, send, "the city of that day went away; ask again")

    async def _root(self, asked: Asked) -> Path:
        """The root's file. Raises BadInput for a time that is none, Busy while it takes too long."""
        made = self._making.get(asked)
        if made is None:
            if len(self._making) >= _MOST_WAITING:
                raise Busy(f"{_MOST_WAITING} other days are being made, the most at a time: try again later")
            made = asyncio.get_running_loop().run_in_executor(self._threads, self._made, asked)
            self._making[asked] = made
            made.add_done_callback(lambda _: self._making.pop(asked, None))
        try:
            return await asyncio.wait_for(asyncio.shield(made), _WAIT_S)
        except TimeoutError:
            raise Busy("the city of that day is being made: ask again in a moment") from None

    def _made(self, asked: Asked) -> Path:
        shared = self._service()
        at, known = asked
        zone = shared.city.time_zone
        wanted = Moment(
            shared.clock() if at is None else moment(at, "at", zone),
            None if known is None else moment(known, "as_known_at", zone),
        )
        geoid = open_geoid(shared.city)
        return past.root(Yard(shared.database, shared.city, shared.data, geoid, _WORKERS, self._cluster), wanted)


def _asked(query: Mapping[str, Sequence[str]]) -> Asked:
    """The two times, as texts. Raises BadInput for another parameter."""
    strange = sorted(query.keys() - {"at", "as_known_at"})
    if strange:
        raise BadInput(f"query parameter {strange[0]!r} is unknown; known here: as_known_at, at")
    at, known = (query[name][-1] if name in query else None for name in ("at", "as_known_at"))
    return at, known
