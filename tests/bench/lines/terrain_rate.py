"""Line `terrain.rate`: a DEM to a whole pyramid of 65 x 65 tiles; pymartini, which makes one level of them, is the rival."""

from collections.abc import Callable
from math import isqrt

from tests.bench import fractal, rivals, terrain
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line
from tests.bench.rounds import alternated

FULL = fractal.SIDE**2


def measure(ground: Ground) -> Figure:
    """Tiles a second of whole processes: start, DEM preparation, all levels, normals, gzip, files."""
    side = max(256, isqrt(ground.size(FULL)) // 64 * 64)
    dem, grid = fractal.kept_dem(ground.files, side), fractal.kept_grid(ground.files, side)
    with terrain.place(ground) as place:
        contestants: dict[str, Callable[[], float]] = {"cim": lambda: terrain.pyramid(ground, place, dem)}
        python = terrain.rivals_python()
        if python is None:
            rivals.missing(ground, "pymartini")
        else:
            contestants["pymartini"] = lambda: terrain.martini(ground, place, python, grid, 65, side // 64)
        seconds = alternated(ground, contestants)
    return Figure(1 / seconds["cim"], "pymartini", 1 / seconds["pymartini"] if "pymartini" in seconds else None)


LINE = Line(
    name="terrain.rate",
    unit="tiles/s",
    what="DEM of 4,096 x 4,096 pixels -> pyramid of 65 x 65 tiles with normals, gzipped, no seam open",
    measure=measure,
    at_least=800,
)
