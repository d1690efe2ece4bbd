"""Line `load.footprints`: a file of a million footprints, checked, staged, indexed and published; ogr2ogr is the rival."""

from collections.abc import Callable

from tests.bench import footprints, loading, rivals
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line
from tests.bench.rounds import alternated

FULL = 1_000_000


def measure(ground: Ground) -> Figure:
    """Records a second of whole processes. ogr2ogr checks nothing: it is the limit of reading and COPY with one index."""
    count = ground.size(FULL)
    path = footprints.kept(ground.files, count)
    contestants: dict[str, Callable[[], float]] = {
        "cim": lambda: loading.checked(ground, path, count, "cim load").whole_s
    }
    program = rivals.ogr2ogr()
    if program is None:
        rivals.missing(ground, "ogr2ogr")
    else:
        contestants["ogr2ogr"] = lambda: rivals.run_ogr2ogr(ground, program, path, count)
    seconds = alternated(ground, contestants)
    return Figure(count / seconds["cim"], "ogr2ogr", count / seconds["ogr2ogr"] if "ogr2ogr" in seconds else None)


LINE = Line(
    name="load.footprints",
    unit="records/s",
    what="GeoPackage of 1,000,000 mixed footprints -> checked, staged, indexed, published",
    measure=measure,
    at_least=20_000,
)
