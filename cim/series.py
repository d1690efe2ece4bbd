"""Series of readings: what a value means against its thresholds, and when a silent sensor counts as stale. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cim.errors import BadInput

NORMAL, STALE, UNKNOWN = "normal", "stale", "unknown"
STALE_AFTER_PERIODS = 3.0
"""A sensor that has missed this many of its own periods is stale: one lost message is no fault, three are."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A named level of one datastream, in its unit, with the document that states it (None: stated by nobody)."""

    name: str
    value: float
    source: str | None = None


def ladder(stated: Mapping[str, float] | Iterable[Mapping[str, Any]] | None) -> tuple[Threshold, ...]:
    """Thresholds in rising order, from `{name: value}` or `[{"name", "value", "source"}]`.

    Raises BadInput for a value that is no finite number, and for two thresholds of one name.

    >>> [t.name for t in ladder({"alarm": 50, "warning": 25.0})]
    ['warning', 'alarm']
    """
    if stated is None:
        return ()
    if isinstance(stated, Mapping):
        stated = [{"name": name, "value": value} for name, value in stated.items()]
    rungs = []
    for entry in stated:
        try:
            rungs.append(Threshold(str(entry["name"]), float(entry["value"]), entry.get("source")))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BadInput(f'threshold {entry!r}: expected {{"name": text, "value": number}}') from None
        if not abs(rungs[-1].value) < float("inf"):
            raise BadInput(f"threshold {rungs[-1].name!r}: {rungs[-1].value} is not a finite number")
    if len({rung.name for rung in rungs}) != len(rungs):
        raise BadInput(f"two thresholds share a name: {[rung.name for rung in rungs]}")
    return tuple(sorted(rungs, key=lambda rung: rung.value))


def reached(value: float, thresholds: Sequence[Threshold]) -> str:
    """The highest threshold that the value reaches (equality counts), or `normal`.

    >>> reached(956.31, ladder({"flood_limit": 956.0, "emergency_spillway": 956.31}))
    'emergency_spillway'
    """
    best: Threshold | None = None
    for threshold in thresholds:
        if value >= threshold.value and (best is None or threshold.value >= best.value):
            best = threshold
    return NORMAL if best is None else best.name


def state(
    value: float | None,
    time: datetime | None,
    thresholds: Sequence[Threshold],
    *,
    period_s: float | None,
    now: datetime,
) -> str:
    """What a dashboard should show for a datastream's last reading: `unknown` (none yet), `stale`, `normal`, or the
    name of the highest threshold reached. Times are UTC-aware; a sensor without a known period never becomes stale.
    """
    if value is None or time is None:
        return UNKNOWN
    if period_s and (now - time).total_seconds() > STALE_AFTER_PERIODS * period_s:
        return STALE
    return reached(value, thresholds)
