"""Line `load.footprints.cjdb`: 20,000 buildings, as a GeoPackage into our store and as CityJSON solids into cjdb's."""

from collections.abc import Callable

from tests.bench import cityjson, footprints, loading, rivals
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line
from tests.bench.rounds import alternated

FULL = 20_000


def measure(ground: Ground) -> Figure:
    """Records a second of whole processes; each reads the same buildings in the format it is made for."""
    count = ground.size(FULL)
    path = footprints.kept(ground.files, count)
    contestants: dict[str, Callable[[], float]] = {
        "cim": lambda: loading.checked(ground, path, count, "cim load").whole_s
    }
    program = rivals.cjdb()
    if program is None:
        rivals.missing(ground, "cjdb")
    else:
        solids = path.with_suffix(".city.jsonl")
        if not solids.is_file():
            cityjson.write(footprints.footprints(count), solids)
        contestants["cjdb"] = lambda: rivals.run_cjdb(ground, program, solids, count)
    seconds = alternated(ground, contestants)
    return Figure(count / seconds["cim"], "cjdb", count / seconds["cjdb"] if "cjdb" in seconds else None)


LINE = Line(
    name="load.footprints.cjdb",
    unit="records/s",
    what="20,000 buildings: our load of footprints beside cjdb's import of LoD1 solids",
    measure=measure,
)
