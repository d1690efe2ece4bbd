"""Rounds: contestants take turns (A-B-A-B-A-B), so that a change of the machine's pace meets them alike."""

import statistics
from collections.abc import Callable, Mapping

from tests.bench.ground import Ground

ROUNDS = 3


def alternated(
    ground: Ground, contestants: Mapping[str, Callable[[], float]], rounds: int = ROUNDS
) -> dict[str, float]:
    """The median seconds of each contestant. Each is called once a round, and returns its seconds (or any measure)."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, run in contestants.items():
            taken[name].append(run())
            ground.note(f"  round {number + 1} of {rounds}: {name} {taken[name][-1]:.4g} s")
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        ground.note(f"  {name}: median {middle:.4g} s, range {min(seconds):.4g} to {max(seconds):.4g} s")
    return {name: statistics.median(seconds) for name, seconds in taken.items()}
