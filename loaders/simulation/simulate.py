"""A rehearsal: sensors, vehicles and one incident, played into a running service through the doors that devices use."""

import heapq
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx

from cim.errors import BadInput
from cim.types import Progress, silent
from loaders.simulation.service_client import ServiceClient, read_tracks, reading
from loaders.simulation.simulated_signals import Signal, Stream, Track, leaking, signal

_LENGTH_S = 3600.0  # of the scenario, where no duration is given
_TICK_S = 0.1  # between two sends when time is pressed together
_BATCH = 2000
_LEAK_ALARM = 25.0  # %LEL, level 1 of GB/T 50493, where the station states no thresholds
_CHINA = timezone(timedelta(hours=8))  # traffic and air follow the clock on the wall


@dataclass(frozen=True, slots=True)
class Played:
    """What a rehearsal came to."""

    observations: int
    incident: int | None
    interrupted: bool


@dataclass(slots=True)
class Rehearsal:
    """The state of a run: what is played, when the incident takes its next step, and how much was sent."""

    service: ServiceClient
    streams: dict[int, Stream]
    signals: dict[int, Signal]
    tracks: dict[int, Track]
    leak: Stream | None
    length_s: float
    sent: int = 0
    incident: int | None = None
    steps: list[tuple[float, str, str]] = field(default_factory=list)

    def read(self, id: int, elapsed_s: float, at: datetime) -> dict[str, Any]:
        """The observation of one stream at a second of the scenario, stamped with `at`."""
        if id in self.tracks:
            lon, lat, speed = self.tracks[id].at(elapsed_s)
            return reading(id, at, round(speed, 1), (round(lon, 7), round(lat, 7)))
        local = at.astimezone(_CHINA)
        return reading(id, at, self.signals[id](elapsed_s, local.hour + local.minute / 60.0))

    def send(self, readings: Sequence[dict[str, Any]]) -> None:
        """Send readings in arrays of a bearable size."""
        for start in range(0, len(readings), _BATCH):
            self.service.observe(readings[start : start + _BATCH])
            self.sent += len(readings[start : start + _BATCH])

    def follow_leak(self, readings: Sequence[dict[str, Any]], elapsed_s: float) -> None:
        """Report the leak when it reaches its first alarm; later take the steps that are due."""
        if self.leak is None or self.leak.lonlat is None:
            return
        alarm = self.leak.thresholds[0] if self.leak.thresholds else _LEAK_ALARM
        own = [r["result"] for r in readings if r["Datastream"]["@iot.id"] == self.leak.id]
        if self.incident is None and own and max(own) >= alarm:
            text = f"模拟演练 / rehearsal: {max(own):g} {self.leak.unit} >= {alarm:g} {self.leak.unit}"
            title = f"{self.leak.name} 燃气泄漏"
            self.incident = self.service.report("gas_leak", title, 3, self.leak.lonlat, text)
            self.steps = [
                (elapsed_s + 0.05 * self.length_s, "verified", "值班员电话核实 / confirmed by phone"),
                (elapsed_s + 0.10 * self.length_s, "dispatched", "已派抢修队 / repair team sent"),
                (0.62 * self.length_s, "closed", "泄漏已处置，读数恢复 / leak stopped, readings normal"),
            ]
        while self.incident is not None and self.steps and elapsed_s >= self.steps[0][0]:
            _, state, note = self.steps.pop(0)
            self.service.advance(self.incident, state, note)


def simulate(
    base_url: str,
    *,
    seed: int = 1,
    speed: float = 1.0,
    duration_s: float | None = None,
    fixes: Path | None = None,
    backfill_s: float = 0.0,
    progress: Progress = silent,
    client: httpx.Client | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Played:
    """Play a scenario into the service at `base_url` until it has lasted `duration_s` (None: until Ctrl-C).

    speed: seconds of the scenario a second. Readings are stamped with the moment they are sent, so that whatever the
    speed the live layers are current. 0 plays as fast as it goes; then the scenario (an hour, if no duration is given)
    ends now. backfill_s: so much of history, at every station's own period, is sent first. fixes: a CSV of fixes.
    Raises Unavailable where the service does not answer, BadInput where there is nothing to play.
    """
    if speed < 0 or (duration_s is not None and duration_s <= 0) or backfill_s < 0:
        raise BadInput(
            f"simulate: speed {speed}, duration {duration_s}, backfill {backfill_s}: expected positive numbers"
        )
    with nullcontext(client) if client else httpx.Client(base_url=base_url, timeout=30.0) as http:
        rehearsal = prepare(ServiceClient(http), seed, duration_s or _LENGTH_S, fixes)
        interrupted = False
        try:
            if backfill_s:
                backfill(rehearsal, backfill_s, clock(), progress)
            if speed:
                _paced(rehearsal, speed, duration_s, progress, clock, sleep)
            else:
                _unpaced(rehearsal, clock(), progress)
        except KeyboardInterrupt:
            interrupted = True
        progress(rehearsal.sent, rehearsal.sent, _note(rehearsal) + (", stopped" if interrupted else ""))
    return Played(rehearsal.sent, rehearsal.incident, interrupted)


def prepare(service: ServiceClient, seed: int, length_s: float, fixes: Path | None) -> Rehearsal:
    """Ask the service what observes there, and decide how each of it goes."""
    streams = service.streams()
    tracks = read_tracks(fixes) if fixes is not None and fixes.is_file() else {}
    leak = leaking(streams, seed)
    driven = {s.id: tracks[s.code] for s in streams if s.kind == "vehicle" and s.code in tracks}
    made = {s.id: signal(s, seed, length_s, leaks=leak is not None and s.id == leak.id) for s in streams}
    signals = {id: one for id, one in made.items() if one is not None}
    if not signals and not driven:
        raise BadInput(
            "simulate: the service has no station of a kind that can be played; load some first (`cim load`)"
        )
    played = {s.id: s for s in streams if s.id in signals or s.id in driven}
    return Rehearsal(service, played, signals, driven, leak, length_s)


def backfill(rehearsal: Rehearsal, seconds: float, now: float, progress: Progress = silent) -> int:
    """Send history up to `now` (seconds of the Unix epoch) for every station, each at its own period; how many.

    Sent again it changes nothing new: the times are whole multiples of the period, the values follow from the seed.
    """
    before = rehearsal.sent
    stations = [s for s in rehearsal.streams.values() if s.id in rehearsal.signals]
    total = sum(int(seconds // s.period_s) for s in stations)
    batch: list[dict[str, Any]] = []
    for stream in stations:
        last = int(now // stream.period_s)
        for step in range(last - int(seconds // stream.period_s) + 1, last + 1):
            at = step * stream.period_s
            local = datetime.fromtimestamp(at, UTC).astimezone(_CHINA)
            # Absolute seconds keep a repeat equal; they lie before the scenario, for its leak has not begun.
            value = rehearsal.signals[stream.id](at - 1e10, local.hour + local.minute / 60.0)
            batch.append(reading(stream.id, datetime.fromtimestamp(at, UTC), value))
            if len(batch) >= _BATCH:
                rehearsal.send(batch)
                batch = []
                progress(rehearsal.sent - before, total, "observations of history")
    rehearsal.send(batch)
    return rehearsal.sent - before


def _paced(
    rehearsal: Rehearsal,
    speed: float,
    duration_s: float | None,
    progress: Progress,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    began = clock()
    due = _first_due(rehearsal)
    total = None if duration_s is None else _count(rehearsal, duration_s)
    while due and (duration_s is None or due[0][0] <= duration_s):
        wait = began + due[0][0] / speed - clock()
        if wait > 0:
            sleep(max(wait, min(_TICK_S, 1.0 / speed)))
        elapsed = (clock() - began) * speed
        elapsed = max(elapsed, due[0][0]) if duration_s is None else min(max(elapsed, due[0][0]), duration_s)
        _play(rehearsal, due, elapsed, lambda second: began + second / speed)
        progress(rehearsal.sent, total, _note(rehearsal))


def _unpaced(rehearsal: Rehearsal, now: float, progress: Progress) -> None:
    due, length = _first_due(rehearsal), rehearsal.length_s
    total = _count(rehearsal, length)
    step, elapsed = length / 200.0, 0.0  # two hundred looks at the leak, so that its incident takes its steps in order
    while elapsed < length:
        elapsed = min(elapsed + step, length)
        _play(rehearsal, due, elapsed, lambda second: now - length + second)
        progress(rehearsal.sent, total, _note(rehearsal))


def _play(rehearsal: Rehearsal, due: list[tuple[float, int]], upto: float, stamp: Callable[[float], float]) -> None:
    readings = []
    while due and due[0][0] <= upto:
        second, id = heapq.heappop(due)
        readings.append(rehearsal.read(id, second, datetime.fromtimestamp(stamp(second), UTC)))
        heapq.heappush(due, (second + rehearsal.streams[id].period_s, id))
    rehearsal.send(readings)
    rehearsal.follow_leak(readings, upto)


def _first_due(rehearsal: Rehearsal) -> list[tuple[float, int]]:
    """When each stream reports first: spread over its period, as devices that were switched on one by one."""
    due = [(s.period_s * ((s.id * 0.618034) % 1.0), s.id) for s in rehearsal.streams.values()]
    heapq.heapify(due)
    return due


def _count(rehearsal: Rehearsal, seconds: float) -> int:
    firsts = {id: first for first, id in _first_due(rehearsal)}
    return sum(
        int((seconds - firsts[s.id]) // s.period_s) + 1 for s in rehearsal.streams.values() if firsts[s.id] <= seconds
    )


def _note(rehearsal: Rehearsal) -> str:
    incident = "" if rehearsal.incident is None else f", incident {rehearsal.incident}"
    return f"observations, {len(rehearsal.signals)} stations, {len(rehearsal.tracks)} vehicles{incident}"
