"""Vehicles: five synthetic vehicles that follow the city's streets for one hour, a fix every ten seconds."""

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import numpy as np

from data_samples.generate import frame, roads

START = datetime(2026, 3, 2, 8, 0, 0, tzinfo=timezone(timedelta(hours=8)))
PERIOD_S = 10
FIXES = 361
VEHICLES = ("DT-V-01", "DT-V-02", "DT-V-03", "DT-V-04", "DT-V-05")
Node = tuple[float, float]


class Fix(NamedTuple):
    """One fix: EPSG:4547 metres, km/h, degrees clockwise from north."""

    vehicle: str
    time: datetime
    x: float
    y: float
    speed_kmh: float
    heading_deg: float


def _network(seed: int) -> dict[Node, list[Node]]:
    """Neighbours of each street vertex; streets of one grid share vertices."""
    links: dict[Node, list[Node]] = {}
    for road in roads.roads(seed):
        if road.group in ("city", "old") and road.kind != "lane":
            points = [(round(x, 2), round(y, 2)) for x, y in road.line.coords]
            for a, b in zip(points[:-1], points[1:], strict=True):
                links.setdefault(a, []).append(b)
                links.setdefault(b, []).append(a)
    return links


def _walk(links: dict[Node, list[Node]], start: Node, length: float, rng: np.random.Generator) -> np.ndarray:
    """A drive of at least `length` metres without turning back where there is another way."""
    path = [start]
    gone = 0.0
    while gone < length:
        here = path[-1]
        ways = [n for n in links[here] if len(path) < 2 or n != path[-2]] or links[here]
        if len(path) > 1:  # straight on is likelier than a turn
            ahead = np.array(here) - np.array(path[-2])
            pull = [
                float(np.dot(np.array(n) - np.array(here), ahead))
                / (np.hypot(*(np.array(n) - np.array(here))) * np.hypot(*ahead) + 1e-9)
                for n in ways
            ]
            weights = np.exp(1.6 * np.array(pull))
        else:
            weights = np.ones(len(ways))
        chosen = ways[int(rng.choice(len(ways), p=weights / weights.sum()))]
        gone += float(np.hypot(chosen[0] - here[0], chosen[1] - here[1]))
        path.append(chosen)
    return np.array(path)


def _speeds(rng: np.random.Generator) -> np.ndarray:
    """(FIXES,) km/h: town driving with stops."""
    t = np.arange(FIXES)
    speed = 36.0 + 10.0 * np.sin(t / 23.0 + rng.uniform(0, 6)) + rng.normal(0, 3.0, FIXES)
    for at in rng.choice(FIXES - 6, 14, replace=False):
        speed[at : at + int(rng.integers(2, 6))] = 0.0
    return np.clip(speed, 0.0, 58.0)


def fixes(seed: int) -> list[Fix]:
    """Every fix, vehicle after vehicle, in time order."""
    links = _network(seed)
    nodes = sorted(links)
    made = []
    for vehicle in VEHICLES:
        rng = frame.stream(seed, vehicle)
        speed = _speeds(rng)
        along = np.concatenate([[0.0], np.cumsum(speed[1:] / 3.6 * PERIOD_S)])
        path = _walk(links, nodes[int(rng.integers(len(nodes)))], along[-1] + 1.0, rng)
        legs = np.hypot(*np.diff(path, axis=0).T)
        at = np.concatenate([[0.0], np.cumsum(legs)])
        x, y = np.interp(along, at, path[:, 0]), np.interp(along, at, path[:, 1])
        leg = np.clip(np.searchsorted(at, along, side="right") - 1, 0, len(legs) - 1)
        step = np.diff(path, axis=0)[leg]
        heading = np.degrees(np.arctan2(step[:, 0], step[:, 1])) % 360.0
        for k in range(FIXES):
            made.append(
                Fix(
                    vehicle,
                    START + timedelta(seconds=PERIOD_S * k),
                    float(x[k]),
                    float(y[k]),
                    float(speed[k]),
                    float(heading[k]),
                )
            )
    return made
