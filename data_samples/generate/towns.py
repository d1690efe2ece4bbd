"""Towns: the one street whose ground is known in the round, the old town inside its wall; its outline is ours."""

from data_samples.generate import facts, oldtown
from data_samples.generate.divisions import Division


def towns() -> tuple[Division, ...]:
    """古城街道 in EPSG:4547: sourced code and name; that it ends at the wall is invented."""
    return (Division(facts.OLD_TOWN_STREET_CODE, facts.OLD_TOWN_STREET_OFFICE, oldtown.wall_outline()),)
