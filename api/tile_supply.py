"""The supply of vector tiles: from the cache, else from the store, made once for all who ask at the same time."""

import asyncio
import hashlib
from collections.abc import Callable

from isal import isal_zlib

from api.tile_cache import Held, Key, Ticket, TileCache
from cim.store import vector_tiles
from cim.store.db import Database
from cim.web_tiles import WebTile

AT_ONCE = 4
"""Tiles that are made at the same time; more of them would take each other's processor."""

_NOTHING = Held(b"", "empty")


class Supply:
    """Finished tiles for one server. Used in its event loop; `cache.drop` may be called from any thread.

    make: the bytes of a tile from the store; it runs in a thread. well: whether the cache is told of changes: what is not
    is made anew for everybody who asks.
    """

    def __init__(self, make: Callable[[Key], bytes], cache: TileCache, well: Callable[[], bool]) -> None:
        self._make, self._well, self.cache = make, well, cache
        self._under_way: dict[Key, tuple[Ticket, asyncio.Task[Held]]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    def held(self, key: Key) -> Held | None:
        """A tile that is in the cache, and still so."""
        return self.cache.get(key) if self._well() else None

    async def get(self, key: Key) -> Held:
        """A tile. Raises what the store raises."""
        found = self.held(key)
        if found is not None:
            return found
        under_way = self._under_way.get(key)
        # Who asks after a change must not get what was begun before it.
        if under_way is None or under_way[0].spoilt or not self._well():
            ticket = self.cache.begin(key)
            under_way = (ticket, asyncio.create_task(self._made(ticket)))
            self._under_way[key] = under_way
        return await asyncio.shield(under_way[1])  # one who leaves does not take it from the others

    async def _made(self, ticket: Ticket) -> Held:
        made = None
        well = self._well()
        try:
            async with self._turn:
                made = await asyncio.to_thread(packed, self._make, ticket.key)
            return made
        finally:
            self.cache.end(ticket, made if well and self._well() else None)
            if self._under_way.get(ticket.key, (None,))[0] is ticket:
                del self._under_way[ticket.key]


def packed(make: Callable[[Key], bytes], key: Key) -> Held:
    """A tile's bytes as they are kept and sent.

    ISA-L packs as small as zlib's quickest level in a fifth of its time, which is a tenth of what the tile takes. Its bytes
    may differ between processors, so the tag is of the bytes within.
    """
    data = make(key)
    if not data:
        return _NOTHING
    return Held(isal_zlib.compress(data, 2, wbits=31), hashlib.blake2b(data, digest_size=16).hexdigest())


def from_store(database: Database) -> Callable[[Key], bytes]:
    """The `make` that reads this database."""

    def make(key: Key) -> bytes:
        layers, z, x, y = key
        # Several layers are read in one snapshot, so that they fit each other.
        with database.begin() if len(layers) > 1 else database.statement() as connection:
            return vector_tiles.tile(connection, layers, WebTile(z, x, y))

    return make
