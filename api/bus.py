"""The process's end of the bus: one thread listens to the database and hands every event to every client's queue."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from api.errors import Busy
from api.responses import encode
from cim.errors import CimError, Unavailable
from cim.store import bus, live
from cim.store.db import Database
from cim.types import Box, LiveEvent

KINDS = {"incidents": "incident", "observations": "observation", "tiles": "tile", "datasets": "dataset"}
"""What `layers=` may name, and the event kind each stands for."""

MOST_CLIENTS = 800  # of the 1024 files that a process may usually have open, some must be left for other requests
MOST_MISSED = 50_000  # keys that a client which comes back is told one by one; with more it reads everything anew
_QUEUE = 256  # batches that may wait for one client before it is cut off (it comes back and resumes by id)
_PAUSE_S = 0.02  # between reads: events that come faster are told together
_FORGET_EVERY_S = 600.0
_READY_S = 2.0  # a new client waits this long for the bus to find its place
_FORGOTTEN = "events after the given id are no longer remembered"
_TOO_MUCH = "more happened after the given id than is told one by one"
_log = logging.getLogger("cim.live")


@dataclass(frozen=True, slots=True)
class Told:
    """One event, encoded once for all clients. One id may stand for several changed keys, hence several of these."""

    id: int
    kind: str
    lonlat: tuple[float, float] | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Filter:
    """What one client wants to hear. kinds None: all; box None: everywhere, placeless events included."""

    kinds: frozenset[str] | None = None
    box: Box | None = None

    def passes(self, event: Told) -> bool:
        """Whether the client wants this event."""
        if self.kinds is not None and event.kind not in self.kinds:
            return False
        return self.box is None or (event.lonlat is not None and self.box.contains(*event.lonlat))


@dataclass(eq=False, slots=True)
class Client:
    """One follower: batches wait here until it reads them.

    upto: the last event that was looked at for it, wanted or not. lost: it was too slow, or the server is stopping.
    """

    wants: Filter
    upto: int | None = None
    queue: "asyncio.Queue[list[Told] | None]" = field(default_factory=lambda: asyncio.Queue(_QUEUE + 1))
    cut_off: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def lost(self) -> bool:
        """Whether it was cut off."""
        return self.cut_off.is_set()

    def offer(self, upto: int, events: Sequence[Told]) -> None:
        """Queue what it wants of a batch, or cut it off where its queue is full."""
        wanted = [event for event in events if self.wants.passes(event)]
        self.upto = upto
        if self.lost or not wanted:
            return
        if self.queue.qsize() >= _QUEUE:
            self.cut()
        else:
            self.queue.put_nowait(wanted)

    def cut(self) -> None:
        """Let go of the client: what waits is dropped, and it is told to come back."""
        self.cut_off.set()
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Bus:
    """Listens in a thread, tells in the event loop. Start and close it in the loop that serves the clients."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._clients: set[Client] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._ready = asyncio.Event()
        self._forget_at = 0.0
        self._failing = False
        self.position: int | None = None
        """The last event that was handed out; None until the database was reached for the first time."""

    def start(self) -> None:
        """Begin to listen; returns at once, whether or not the database is there yet."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="live bus", daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """Let every client go (they reconnect by themselves); called when the server begins to stop."""
        self._stop.set()
        for client in list(self._clients):
            client.cut()

    async def close(self) -> None:
        """Stop listening."""
        self.hang_up()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 5.0)

    async def join(self, wants: Filter) -> Client:
        """A new follower, from this moment on (while the database is away: from when it is back).

        Raises Busy where as many follow as the server takes.
        """
        if len(self._clients) >= MOST_CLIENTS:
            raise Busy(f"{MOST_CLIENTS} clients follow /live already, the most that this server takes: try again later")
        client = Client(wants)
        self._clients.add(client)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), _READY_S)
        except asyncio.CancelledError:
            self.leave(client)
            raise
        if client.upto is None:
            client.upto = self.position
        if self._stop.is_set():
            client.cut()
        return client

    def leave(self, client: Client) -> None:
        """The follower is gone."""
        self._clients.discard(client)

    def count(self) -> int:
        """How many follow now."""
        return len(self._clients)

    def well(self) -> bool:
        """Whether events reach the clients: the thread lives, and its last round with the database did not fail."""
        return self._thread is not None and self._thread.is_alive() and not self._failing

    def missed(self, after: int) -> tuple[int, str | None, list[Told]]:
        """What happened after an id: (up to which id, why everything is to be read anew if so, the rest, each key once).

        Blocks on the database; raises Unavailable.
        """
        with self._database.begin() as connection:
            upto = bus.newest(connection)
            why = _FORGOTTEN if bus.forgotten(connection, after) else None
            rows = bus.missed(connection, after, upto, limit=MOST_MISSED + 1)
            if len(rows) > MOST_MISSED:
                return upto, why or _TOO_MUCH, []
            return upto, why, told(live.expand(connection, rows, self._clock()))

    def _run(self) -> None:
        wait_s = 0.1
        while not self._stop.is_set():
            try:
                for position, rows in bus.follow(self._database, self.position, self._stop.is_set, wait_s=1.0):
                    self._hand_out(position, rows)
                    self._forget()
                    wait_s, self._failing = 0.1, False
                    self._stop.wait(_PAUSE_S)
            except Unavailable as error:
                _log.warning("live: %s; trying again", error)
            except CimError as error:
                _log.error("live: %s; trying again", error)
            except Exception:  # whatever it was, it must not end /live for good
                _log.exception("live: unforeseen; trying again")
            self._failing = True
            self._stop.wait(wait_s)
            wait_s = min(wait_s * 2, 5.0)

    def _hand_out(self, position: int, rows: Sequence[bus.Row]) -> None:
        events: list[Told] = []
        if rows and self._clients:
            with self._database.begin() as connection:
                events = told(live.expand(connection, rows, self._clock()))
        self.position = position
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, position, events)

    def _forget(self) -> None:
        if time.monotonic() < self._forget_at:
            return
        with self._database.begin() as connection:
            bus.forget(connection)
        self._forget_at = time.monotonic() + _FORGET_EVERY_S

    def _tell(self, position: int, events: list[Told]) -> None:
        self._ready.set()
        for client in list(self._clients):
            client.offer(position, events)


def told(events: Sequence[LiveEvent]) -> list[Told]:
    """The events with their data as JSON bytes."""
    return [Told(event.id, event.kind, event.lonlat, encode(event.data)) for event in events]
