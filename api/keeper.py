"""Keeps the tileset fresh while the server runs: a process that follows the model's changes and builds what they touch.

A process, not a thread: building keeps a processor busy, and a server that answers must not wait for it.
"""

import atexit
import logging
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from cim.errors import CimError
from cim.fixtures import FIXTURE_LAYERS
from cim.grounds import GROUND_LAYERS
from cim.settings import Settings
from cim.store import changes, grounds, marks
from cim.store.bodies import Moment
from cim.store.db import Database
from cim.store.geoid import open_geoid
from tilesets.city import clearing
from tilesets.city.refresh import TILESET, Yard, refresh, stamp
from tilesets.city.shelf import Shelf
from tilesets.crew import processors
from tilesets.greens import refresh as greens
from tilesets.greens.units import NEAR_DEPTH

LOOK_S = 1.0
"""Between looks at whether the server is still there, and whether a day has turned."""
_CLEAR_EVERY_S = 3600.0
_LONGEST_WAIT_S = 60.0
GREENS = frozenset((*FIXTURE_LAYERS, *GROUND_LAYERS, "*"))
"""The layers whose changes the greens may show."""
_log = logging.getLogger("cim.keeper")


class Keeper:
    """Starts the keeping process, starts it again when it dies, and ends it with the server."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings, self._url = settings, url
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None
        self._stop = threading.Event()
        self._is_behind: Synchronized[int] = self._context.Value("b", 0)
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to keep; returns at once."""
        # The process is no daemon (those may not have workers): where nobody closes it, it must not outlive us.
        atexit.register(self.close)
        self._thread.start()

    def well(self) -> bool:
        """Whether the tileset is kept fresh, or there is none to keep."""
        return not self._is_behind.value

    def close(self) -> None:
        """End the process; what it has published stands, and a build under way goes on at the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        atexit.unregister(self.close)

    def _watch(self) -> None:
        wait_s, root = 0.5, Shelf(self._settings.data / "tiles", TILESET).root
        while not self._stop.is_set():
            if not root.is_file():  # nothing is kept fresh that was never built
                self._stop.wait(0.5)
                continue
            self._process = self._context.Process(
                target=keep, args=(self._settings, self._url, os.getpid(), self._is_behind), name="cim keeper"
            )
            self._process.start()
            began = time.monotonic()
            while self._process.is_alive() and not self._stop.wait(0.2):
                pass
            if not self._stop.is_set():
                self._is_behind.value = 1
                _log.warning("the tileset's keeper ended with exit code %s; starting it again", self._process.exitcode)
                wait_s = 0.5 if time.monotonic() - began > 60.0 else min(wait_s * 2, 30.0)
                self._stop.wait(wait_s)
        if self._process is not None:
            self._process.terminate()
            self._process.join()


def keep(settings: Settings, url: str, server: int, is_behind: "Synchronized[int]") -> None:
    """The process: until the server with this process id is gone. is_behind: set while the tileset is not what it should."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    database, wait_s = Database(url), LOOK_S
    rounds = _Rounds(settings, database)

    def is_alone() -> bool:
        return os.getppid() != server

    while not is_alone():
        try:
            for _, found in changes.follow(database, None, is_alone, wait_s=LOOK_S):
                rounds.one(any(change.layer in ("buildings", "assembly_parts", "*") for change in found))
                rounds.plant({change.layer for change in found})
                is_behind.value, wait_s = int(rounds.is_left_alone), LOOK_S
        except CimError as error:
            _log.warning("keeper: %s; trying again in %.0f s", error, wait_s)
        is_behind.value, rounds.is_behind, rounds.planted_on = 1, True, None
        time.sleep(wait_s)
        wait_s = min(2.0 * wait_s, _LONGEST_WAIT_S)


@dataclass(eq=False)
class _Rounds:
    """What the keeper does each time that something changed, or a second has passed."""

    settings: Settings
    database: Database
    is_behind: bool = True
    shown: Moment | None = None
    ground: float = 0.0
    planted_on: tuple[float, bytes] | None = None
    planted_at: datetime | None = None
    clear_at: float = 0.0
    is_left_alone: bool = False

    def plant(self, changed: set[str]) -> None:
        """Bring the greens up to date, where there are any: once at the start, where a layer that they show has changed or a
        day has turned for it, and where other cells are the old town's since a building came or went. Raises what a build
        raises: it is tried again.
        """
        changed = changed | self._turned()
        ground, town = self._ground(), b"" if self.planted_on is None else self.planted_on[1]
        if self.planted_on is None or changed & {"buildings", "*"}:
            with self.database.begin() as connection:
                town = grounds.town_cells(connection, NEAR_DEPTH).tobytes()
        if not (changed & GREENS or (ground, town) != self.planted_on):
            return
        self.planted_on = None
        if (self._tiles / greens.TILESET / "tileset.json").is_file():
            city = self.settings.city()
            greens.refresh(Yard(self.database, city, self.settings.data, open_geoid(city)))
        self.planted_on = ground, town

    def one(self, is_changed: bool) -> None:
        """Build where buildings changed, the ground did, or a day has turned; clear what nobody names, once an hour.

        Raises what a build raises: it is tried again.
        """
        ground = self._ground()
        if self.is_behind or self.is_left_alone or is_changed or ground != self.ground or self._has_turned():
            self.is_behind = True
            self._build()
            self.is_behind, self.ground = False, ground
        if time.monotonic() >= self.clear_at:
            cleared = clearing.clear(self._tiles, time.time())
            if cleared.stopped:
                _log.warning("keeper: old tiles are not cleared: %s", cleared.stopped)
            self.clear_at = time.monotonic() + _CLEAR_EVERY_S

    def _turned(self) -> set[str]:
        """The layers of which a state has begun or ended on a day since this was last asked; none the first time."""
        with self.database.begin() as connection:
            # what turns between this moment and the build's own is found again the next time, and built for nothing
            self.planted_at, turned = changes.turns(connection, self.planted_at, 0)
        return {change.layer for change in turned}

    @property
    def _tiles(self) -> Path:
        return self.settings.data / "tiles"

    def _has_turned(self) -> bool:
        with self.database.begin() as connection:
            return self.shown is not None and marks.has_turned(connection, self.shown)

    def _build(self) -> None:
        """By the city file as it is now. A tileset that was made by other rules than ours is left to whoever made it."""
        settings, city = self.settings, self.settings.city()
        yard = Yard(self.database, city, settings.data, open_geoid(city), processors(), settings.dask)
        held = Shelf(self._tiles, TILESET).index()
        is_strange = held is not None and held.stamp != stamp(yard)
        if is_strange and not self.is_left_alone:
            _log.warning("keeper: the tileset was built by other rules than this server's: `cim build`, or start anew")
        self.is_left_alone = is_strange
        if not is_strange:
            self.shown = refresh(yard).moment

    def _ground(self) -> float:
        """When the terrain that is served was made."""
        try:
            return (self.settings.data / "terrain" / "layer.json").stat().st_mtime
        except OSError:
            return 0.0
