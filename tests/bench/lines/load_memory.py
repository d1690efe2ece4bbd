"""Line `load.memory`: the loader's peak memory at a million footprints over the one at a hundred thousand."""

from tests.bench import footprints, loading
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line

LARGE, SMALL = 1_000_000, 100_000


def measure(ground: Ground) -> Figure:
    """The ratio of two peaks, the database apart; 1 where memory does not grow with the city."""
    small, large = (_peak(ground, ground.size(full)) for full in (SMALL, LARGE))
    return Figure(large / small)


def _peak(ground: Ground, count: int) -> float:
    return loading.checked(ground, footprints.kept(ground.files, count), count, f"{count:,} records").peak_mib


LINE = Line(
    name="load.memory",
    unit="ratio",
    what="peak memory of the loading process at 1,000,000 records over 100,000",
    measure=measure,
    at_most=1.2,
)
