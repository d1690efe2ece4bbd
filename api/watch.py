"""The watch: one thread that follows what every commit touched, and tells everybody here who keeps something made of it."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from cim.errors import CimError, Unavailable
from cim.store import changes
from cim.store.changes import Change
from cim.store.db import Database

Subscriber = Callable[[Sequence[Change]], None]
"""Called in the watch's thread, with changes in the order of commits. It must not block for long."""

DOUBT = "doubt"
"""The operation of a change that says: everything may have changed (its layer is `*`, its cells are None)."""

_WAIT_S = 2.0  # between looks at what began or ended by date, and the longest that a lost notice can delay a change
_log = logging.getLogger("cim.watch")


class Watch:
    """Follows `cim.change` from when it starts, over outages of the database. Subscribe before it starts, or at any time."""

    def __init__(self, database: Database, clock: Callable[[], datetime], *, wait_s: float = _WAIT_S) -> None:
        self._database, self._clock, self._wait_s = database, clock, wait_s
        self._subscribers: list[Subscriber] = []
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._following = False
        self._turned: datetime | None = None  # up to when states that begin or end by date were told
        self._position: int | None = None
        self._noted_at: datetime | None = None  # of the change at that position

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell it of every change from now on."""
        self._subscribers.append(subscriber)

    def start(self) -> None:
        """Begin to follow; returns at once, whether or not the database is there yet."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following; blocks until the thread has ended, five seconds at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def well(self) -> bool:
        """Whether changes arrive: false from an outage until all that happened meanwhile was told."""
        return self._following and self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        pause_s = 0.1
        while not self._stop.is_set():
            try:
                self._resume()
                for position, found in changes.follow(
                    self._database, self._position, self._stop.is_set, wait_s=self._wait_s
                ):
                    self._advance(position, found)
                    pause_s = 0.1
            except Unavailable as error:
                _log.warning("changes: %s; trying again", error)
            except CimError as error:
                _log.error("changes: %s; trying again", error)
            except Exception:  # whatever it was, it must not leave everybody with what is no longer so
                _log.exception("changes: unforeseen; trying again")
            self._following = False
            self._stop.wait(pause_s)
            pause_s = min(pause_s * 2, 5.0)

    def _resume(self) -> None:
        """Whether the database still knows the place where we stopped: a restored copy counts from where it was."""
        if self._position is None:
            return
        with self._database.begin() as connection:
            if changes.noted_at(connection, self._position) == self._noted_at:
                return
            self._position = changes.newest(connection)
            self._noted_at = changes.noted_at(connection, self._position)
        self._turned = None
        self._tell([self._doubt()])

    def _advance(self, position: int, found: list[Change]) -> None:
        with self._database.begin() as connection:
            until, turned = changes.turns(connection, self._turned, position)
            if position != self._position:
                self._noted_at = found[-1].at if found else changes.noted_at(connection, position)
        self._tell([*found, *turned])
        self._turned, self._position, self._following = until, position, len(found) < changes.AT_ONCE

    def _tell(self, found: Sequence[Change]) -> None:
        for subscriber in self._subscribers if found else ():
            try:
                subscriber(found)
            except Exception:  # one that fails must not keep the others from hearing, nor go on as if nothing were
                _log.exception("changes: a subscriber failed; it is told that everything may have changed")
                subscriber([self._doubt()])

    def _doubt(self) -> Change:
        return Change(self._position or 0, self._clock(), "*", DOUBT, (), None)
