"""Line `tiles.memory`: the build's peak memory at a million buildings over the one at a hundred thousand."""

from tests.bench import inspection, workshop
from tests.bench.ground import Ground
from tests.bench.line import Figure, Invalid, Line
from tests.bench.process_memory import watched

LARGE, SMALL = 1_000_000, 100_000
_LIMIT_MIB = 1_536.0


def measure(ground: Ground) -> Figure:
    """The ratio of two peaks of all processes of `cim build city` together (Pss), the database apart.

    Raises Invalid where the larger peak is over 1.5 GiB: a flat ratio would then be worth nothing.
    """
    small, large = (_peak(ground, ground.size(full)) for full in (SMALL, LARGE))
    if large > _LIMIT_MIB:
        raise Invalid(f"the peak is {large:,.0f} MiB (ratio {large / small:.3f}); it may be {_LIMIT_MIB:,.0f} at most")
    return Figure(large / small)


def _peak(ground: Ground, count: int) -> float:
    with workshop.loaded(ground, count, hilly=True) as shop:
        peak = watched(workshop.command("build", "city"), shop.environment())
        inspection.inspect(shop)
    ground.note(
        f"  {count:,} buildings: peak {peak.pss_mib:,.0f} MiB Pss ({peak.rss_mib:,.0f} Rss) in up to {peak.processes} "
        f"processes, {peak.samples} samples in {peak.seconds:.1f} s"
    )
    return peak.pss_mib


LINE = Line(
    name="tiles.memory",
    unit="ratio",
    what="peak memory of all processes of the build, the database apart, at 1,000,000 buildings over 100,000",
    measure=measure,
    at_most=1.2,
)
