"""What simulated sensors say: readings as pure functions of a seed and the time, and vehicles along their fixes.

A scenario of length L: a gas leak at one station from 0.1 L to 0.6 L, a reservoir that rises through its first two
thresholds by 0.5 L and falls again, traffic and air that follow the hour of the day. Nothing of it is a measurement.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cim.types import FloatArray

Signal = Callable[[float, float], float]
"""`signal(elapsed_s, hour)`: the reading at this second of the scenario (before it: below 0), at this local hour."""

LEAK_PEAK = 62.0
"""%LEL at the height of the leak: above the two alarm levels of GB/T 50493 (25 and 50 %LEL)."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A datastream to be played: its id, the kind, code and place of its thing, unit, period, thresholds ascending."""

    id: int
    kind: str
    code: str
    name: str
    unit: str
    period_s: float
    thresholds: tuple[float, ...] = ()
    lonlat: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """The fixes of one vehicle: (n,) seconds from its first fix, rising; (n,) lon, lat (degrees), speed (km/h)."""

    seconds: FloatArray
    lon: FloatArray
    lat: FloatArray
    speed_kmh: FloatArray

    def at(self, elapsed_s: float) -> tuple[float, float, float]:
        """(lon, lat, speed) at a second: between two fixes on the line, at the end back along the same way.

        >>> road = Track(*np.array([[0.0, 10.0], [113.0, 114.0], [40.0, 40.0], [36.0, 36.0]]))
        >>> road.at(5.0), road.at(15.0)
        ((113.5, 40.0, 36.0), (113.5, 40.0, 36.0))
        """
        span = float(self.seconds[-1])
        phase = elapsed_s % (2 * span) if span else 0.0
        second = phase if phase <= span else 2 * span - phase
        lon, lat, speed = (float(np.interp(second, self.seconds, v)) for v in (self.lon, self.lat, self.speed_kmh))
        return lon, lat, speed


def leaking(streams: Sequence[Stream], seed: int) -> Stream | None:
    """The gas station that will leak: one that has thresholds, if any has; None without gas stations."""
    gas = sorted((s for s in streams if s.kind == "gas"), key=lambda s: s.id)
    ready = [s for s in gas if s.thresholds] or gas
    return ready[int(np.random.default_rng(seed).integers(len(ready)))] if ready else None


def signal(stream: Stream, seed: int, length_s: float, leaks: bool = False) -> Signal | None:
    """How a stream's readings go; None for a kind that nobody knows how to play (a vehicle follows its fixes)."""
    maker = _MAKERS.get(stream.kind)
    if maker is None:
        return None
    raw = maker(stream, _noise(stream.id, seed), length_s, leaks)
    digits = 2 if stream.kind == "water_level" else 1
    return lambda elapsed_s, hour: round(raw(elapsed_s, hour), digits)


Noise = Callable[[float, float], float]
_Maker = Callable[[Stream, Noise, float, bool], Signal]


def _noise(id: int, seed: int) -> Noise:
    """`noise(elapsed_s, span_s)`: smooth, about -1..1, changing over `span_s`; its own for every stream and seed."""
    phases = np.random.default_rng([seed, id]).random(3) * 2 * math.pi

    def noise(elapsed_s: float, span_s: float) -> float:
        turn = 2 * math.pi * elapsed_s / span_s
        return float(sum(math.sin(turn * f + p) for f, p in zip((1.0, 2.3, 5.1), phases, strict=True)) / 3)

    return noise


def _gas(stream: Stream, noise: Noise, length_s: float, leaks: bool) -> Signal:
    def reading(elapsed_s: float, hour: float) -> float:
        calm = max(0.0, 0.6 + 0.6 * noise(elapsed_s, 900.0))
        return min(100.0, calm + LEAK_PEAK * leak(elapsed_s / length_s)) if leaks else calm

    return reading


def leak(share: float) -> float:
    """How far a leak is open (0 to 1) at this share of the scenario: it opens, stays, and is stopped.

    >>> leak(0.05), leak(0.3), leak(0.7)
    (0.0, 1.0, 0.0)
    """
    return float(np.interp(share, (0.10, 0.25, 0.45, 0.60), (0.0, 1.0, 1.0, 0.0)))


def _water(stream: Stream, noise: Noise, length_s: float, leaks: bool) -> Signal:
    if stream.thresholds:
        low, high = stream.thresholds[0] - 0.4, stream.thresholds[min(1, len(stream.thresholds) - 1)] + 0.12
    else:
        low, high = 1.1, 1.5

    def reading(elapsed_s: float, hour: float) -> float:
        risen = 0.5 - 0.5 * math.cos(2 * math.pi * max(0.0, elapsed_s) / length_s)
        return low + (high - low) * risen + 0.015 * noise(elapsed_s, 600.0)

    return reading


def _traffic(stream: Stream, noise: Noise, length_s: float, leaks: bool) -> Signal:
    def reading(elapsed_s: float, hour: float) -> float:
        peaks = math.exp(-(((hour - 8.0) / 1.3) ** 2)) + math.exp(-(((hour - 18.0) / 1.6) ** 2))
        day = 1.0 / (1.0 + math.exp(-(hour - 6.0))) * 1.0 / (1.0 + math.exp(hour - 21.5))
        load = min(1.0, 0.08 + 0.35 * day + 0.5 * peaks + 0.07 * noise(elapsed_s, 700.0))
        return max(0.0, 62.0 - 45.0 * load) if "km" in stream.unit else max(0.0, 1500.0 * load)

    return reading


def _air(stream: Stream, noise: Noise, length_s: float, leaks: bool) -> Signal:
    def reading(elapsed_s: float, hour: float) -> float:
        daily = 1.0 + 0.3 * math.cos(2 * math.pi * (hour - 8.0) / 24.0)
        return max(3.0, 38.0 * daily + 14.0 * noise(elapsed_s, 5 * 3600.0) + 3.0 * noise(elapsed_s, 500.0))

    return reading


_MAKERS: Mapping[str, _Maker] = {"gas": _gas, "water_level": _water, "traffic": _traffic, "air": _air}
