"""Line `diff.versions`: what lies between two versions of 200,000 buildings: the counts, and every feature read."""

import time
from collections import Counter
from collections.abc import Callable, Mapping

from cim.store import history
from cim.store.db import Database
from tests.bench import past
from tests.bench.ground import Ground
from tests.bench.line import Figure, Invalid, Line
from tests.bench.rounds import alternated


def measure(ground: Ground) -> Figure:
    """Seconds of the slower of two: some records changed between the versions (4 %), and every one did."""
    with past.loaded(ground) as made:
        database = Database(made.url)
        some = {"removed" if fate == "ended" else fate: number for fate, number in made.edits.items()}
        every = {"changed": len(made.heights[2])}
        seconds = alternated(
            ground,
            {
                "4 % differ": _timed(database, made.versions[0], made.versions[1], some),
                "all differ": _timed(database, made.versions[1], made.versions[2], every),
            },
        )
        database.close()
    return Figure(max(seconds.values()))


def _timed(database: Database, before: int, after: int, expected: Mapping[str, int]) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        with database.begin() as connection:
            found = history.diff(connection, before, after)
            counts = {kind: number for kind, number in found.counts.items() if number}
            read = Counter(feature["properties"]["change"] for feature in found.features)
        seconds = time.perf_counter() - began
        if counts != dict(expected) or dict(read) != counts:
            raise Invalid(f"edits made {dict(expected)}, counted {counts}, read {dict(read)}")
        return seconds

    return run


LINE = Line(
    name="diff.versions",
    unit="s",
    what="difference of two versions of 200,000 buildings, counts and all features, every record changed",
    measure=measure,
    at_most=5.0,
)
