"""Keeps the tileset fresh while the server runs: a process that follows the model's changes and builds what they touch.

A process, not a thread: building keeps a processor busy, and a server that answers must not wait for it.
"""

import logging
import multiprocessing
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.context import SpawnProcess
from pathlib import Path

from cim.city import City
from cim.errors import CimError, Unavailable
from cim.settings import Settings
from cim.store import changes, marks
from cim.store.bodies import Moment
from cim.store.db import Database
from cim.store.geoid import open_geoid
from tilesets.city import clearing
from tilesets.city.refresh import TILESET, Yard, refresh
from tilesets.city.shelf import Shelf

LOOK_S = 1.0
"""Between looks at whether the server is still there, and whether a day has turned."""
_CLEAR_EVERY_S = 3600.0
_SOUND_S = 5.0  # a keeper that has lived so long is taken to be well
_log = logging.getLogger("cim.keeper")


class Keeper:
    """Starts the keeping process, starts it again when it dies, and ends it with the server."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings, self._url = settings, url
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None
        self._stop = threading.Event()
        self._is_down = False
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to keep; returns at once."""
        self._thread.start()

    def well(self) -> bool:
        """Whether it works, or has nothing to keep."""
        return not self._is_down

    def close(self) -> None:
        """End the process; what it has published stands, and a build under way goes on at the next start."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        wait_s, root = 0.5, Shelf(self._settings.data / "tiles", TILESET).root
        while not self._stop.is_set():
            if not root.is_file():  # nothing is kept fresh that was never built
                self._stop.wait(0.5)
                continue
            self._process = self._context.Process(
                target=keep, args=(self._settings, self._url, os.getpid()), name="cim keeper"
            )  # not a daemon: those may not have workers
            self._process.start()
            began = time.monotonic()
            while self._process.is_alive() and not self._stop.wait(0.2):
                self._is_down = self._is_down and time.monotonic() - began < _SOUND_S
            if not self._stop.is_set():
                self._is_down = True
                _log.warning("the tileset's keeper ended with exit code %s; starting it again", self._process.exitcode)
                wait_s = 0.5 if time.monotonic() - began > 60.0 else min(wait_s * 2, 30.0)
                self._stop.wait(wait_s)
        if self._process is not None:
            self._process.terminate()
            self._process.join()


def keep(settings: Settings, url: str, server: int) -> None:
    """The process: until the server with this process id is gone."""
    with suppress(KeyboardInterrupt):
        database = Database(url)
        rounds = _Rounds(settings, database, settings.city())
        while os.getppid() == server:
            try:
                for _, found in changes.follow(database, None, lambda: os.getppid() != server, wait_s=LOOK_S):
                    rounds.one(any(change.layer in ("buildings", "*") for change in found))
            except Unavailable as error:
                _log.warning("keeper: %s; trying again", error)
                rounds.is_behind = True
                time.sleep(LOOK_S)


@dataclass(eq=False)
class _Rounds:
    """What the keeper does each time that something changed, or a second has passed."""

    settings: Settings
    database: Database
    city: City
    is_behind: bool = True
    turn: datetime | None = None
    ground: float = 0.0
    clear_at: float = 0.0

    def one(self, is_changed: bool) -> None:
        """Build where buildings changed, the ground did, or a day has turned; clear what nobody names, once an hour."""
        now, ground = datetime.now(UTC), self._ground()
        has_turned = self.turn is not None and now >= self.turn
        if is_changed or has_turned or self.is_behind or ground != self.ground:
            self._build()
            self.is_behind, self.ground = False, ground
            with self.database.begin() as connection:
                self.turn = marks.next_turn(connection, Moment(now))
        if time.monotonic() >= self.clear_at:
            clearing.clear(self._tiles, time.time())
            self.clear_at = time.monotonic() + _CLEAR_EVERY_S

    @property
    def _tiles(self) -> Path:
        return self.settings.data / "tiles"

    def _build(self) -> None:
        """What fails is said, and waits for the next change."""
        settings = self.settings
        workers = os.cpu_count() or 1
        try:
            refresh(Yard(self.database, self.city, settings.data, open_geoid(self.city), workers, settings.dask))
        except Unavailable:
            raise
        except CimError as error:
            _log.error("keeper: %s", error)

    def _ground(self) -> float:
        """When the terrain that is served was made."""
        try:
            return (self.settings.data / "terrain" / "layer.json").stat().st_mtime
        except OSError:
            return 0.0
