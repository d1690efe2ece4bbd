"""Line `tiles.rate`: from PostGIS to a whole valid 3D Tiles tileset; py3dtiles is the rival, on buildings of its kind."""

from collections.abc import Callable

from tests.bench import boxes, inspection, workshop
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line
from tests.bench.rounds import alternated
from tests.bench.workshop import Workshop

FULL = 200_000


def measure(ground: Ground) -> Figure:
    """Buildings a second of the whole process of `cim build city`, on hills, each round as after a first load."""
    count, few = ground.size(FULL), ground.size(boxes.FULL)
    program = boxes.py3dtiles(ground)
    with workshop.loaded(ground, count, hilly=True) as shop, boxes.stored(ground, few) as url:
        contestants: dict[str, Callable[[], float]] = {"cim": lambda: _build(ground, shop)}
        if program is not None:
            contestants["py3dtiles"] = lambda: boxes.export(program, url, few).seconds
        seconds = alternated(ground, contestants)
    return Figure(count / seconds["cim"], "py3dtiles", few / seconds["py3dtiles"] if "py3dtiles" in seconds else None)


def _build(ground: Ground, shop: Workshop) -> float:
    with workshop.fresh(ground, shop) as copy:
        seconds = copy.cim("build", "city")
        built = inspection.inspect(copy)
    ground.note(
        f"  {copy.count:,} buildings, each once, in {built.finest} finest of {built.models} models, "
        f"{built.depth + 1} levels, the largest {built.largest / 1024:.0f} KiB"
    )
    return seconds


LINE = Line(
    name="tiles.rate",
    unit="buildings/s",
    what="PostGIS -> valid 3D Tiles with normals, metadata, meshopt, gzip, all levels; 200,000 mixed footprints on hills",
    measure=measure,
    at_least=20_000,
)
