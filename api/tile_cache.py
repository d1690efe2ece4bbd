"""The cache of vector tiles: bounded in bytes; a change takes out what it reaches, and what is being made of older rows."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cim.store.changes import Change
from cim.store.vector_tiles import MARGIN
from cim.types import Box
from cim.web_tiles import reached, side_m

Key = tuple[tuple[str, ...], int, int, int]
"""Layers in the order asked for, then z, x, y."""

MOST_BYTES = 128 * 1024 * 1024
_EACH = 600  # bytes that an entry takes beside its body, roughly: an empty tile is not for nothing either
_SLACK_M = 2.0  # boxes in indexes are rounded outward to single precision, which is a metre at the edge of the map


@dataclass(frozen=True, slots=True)
class Held:
    """A finished tile. body: gzipped, empty where nothing is there. tag: the hash of its bytes."""

    body: bytes
    tag: str


@dataclass(eq=False, slots=True)
class Ticket:
    """Somebody is making this tile. spoilt: what it is made of may have changed since he began."""

    key: Key
    spoilt: bool = field(default=False)


class TileCache:
    """Finished tiles, the least recently used ones given up first. Threads may share it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._lock = most_bytes, threading.Lock()
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._places: dict[int, dict[tuple[int, int], set[Key]]] = {}  # by zoom, then by column and row
        self._tickets: set[Ticket] = set()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Held | None:
        """The finished tile; None where there is none."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def begin(self, key: Key) -> Ticket:
        """To be called before the store is read: a change that comes from then on spoils the tile that is being made."""
        ticket = Ticket(key)
        with self._lock:
            self._tickets.add(ticket)
        return ticket

    def end(self, ticket: Ticket, made: Held | None) -> None:
        """Keep what was made (None: nothing was), unless it was spoilt meanwhile or is larger than everything may be."""
        with self._lock:
            self._tickets.discard(ticket)
            if made is None or ticket.spoilt or len(made.body) + _EACH > self._most:
                return
            self._forget(ticket.key)
            self._held[ticket.key] = made
            _, z, x, y = ticket.key
            self._places.setdefault(z, {}).setdefault((x, y), set()).add(ticket.key)
            self.size_bytes += len(made.body) + _EACH
            while self.size_bytes > self._most:
                self._forget(next(iter(self._held)))

    def drop(self, changes: Sequence[Change]) -> None:
        """Forget the tiles that these changes reach, and spoil those that are being made."""
        with self._lock:
            for change in changes:
                if change.everywhere:
                    self._drop_where(change.layer, lambda key: True)
                elif change.reach is not None:
                    self._drop_reached(change.layer, change.reach)

    def _drop_where(self, layer: str, is_reached: Callable[[Key], bool]) -> None:
        for key in [key for key in self._held if _shows(key, layer) and is_reached(key)]:
            self._forget(key)
        self._spoil(layer, is_reached)

    def _drop_reached(self, layer: str, reach: Box) -> None:
        for z, places in self._places.items():
            for key in [key for key in _at(places, *_tiles(reach, z)) if _shows(key, layer)]:
                self._forget(key)
        self._spoil(layer, lambda key: _is_in(key, reach))

    def _spoil(self, layer: str, is_reached: Callable[[Key], bool]) -> None:
        for ticket in self._tickets:
            if _shows(ticket.key, layer) and is_reached(ticket.key):
                ticket.spoilt = True

    def _forget(self, key: Key) -> None:
        found = self._held.pop(key, None)
        if found is None:
            return
        self.size_bytes -= len(found.body) + _EACH
        _, z, x, y = key
        keys = self._places[z][x, y]
        keys.discard(key)
        if not keys:
            del self._places[z][x, y]


def _shows(key: Key, layer: str) -> bool:
    return layer == "*" or layer in key[0]


def _tiles(reach: Box, z: int) -> tuple[range, range]:
    return reached(reach, z, MARGIN * side_m(z) + _SLACK_M)


def _is_in(key: Key, reach: Box) -> bool:
    columns, rows = _tiles(reach, key[1])
    return key[2] in columns and key[3] in rows


def _at(places: dict[tuple[int, int], set[Key]], columns: range, rows: range) -> Iterator[Key]:
    """The keys in a range of tiles, by whichever is shorter: the range or what is there."""
    wanted: Iterable[tuple[int, int]]
    if len(columns) * len(rows) < len(places):
        wanted = ((x, y) for x in columns for y in rows if (x, y) in places)
    else:
        wanted = (place for place in places if place[0] in columns and place[1] in rows)
    for place in wanted:
        yield from places[place]
