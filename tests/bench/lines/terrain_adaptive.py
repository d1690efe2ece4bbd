"""Line `terrain.adaptive`: grids of 257 x 257 heights to adaptive meshes whose edges meet; pymartini is the rival."""

from collections.abc import Callable
from math import isqrt

from tests.bench import fractal, rivals, terrain
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line
from tests.bench.rounds import alternated

FULL = 2_500
MOST_M = 6.0
"""Our promise. On this relief the meshes are then off by no more than pymartini's with its allowance of 2 m, which bounds
single vertices and not the surface: both notes tell how far."""


def measure(ground: Ground) -> Figure:
    """Tiles a second of whole processes, from a grid in memory-mapped files to gzipped tiles with normals."""
    side = max(2, isqrt(ground.size(FULL)))
    grid = fractal.kept_grid(ground.files, fractal.SIDE)
    with terrain.place(ground) as place:
        contestants: dict[str, Callable[[], float]] = {
            "cim": lambda: terrain.adaptive(ground, place, grid, side, MOST_M)
        }
        python = terrain.rivals_python()
        if python is None:
            rivals.missing(ground, "pymartini")
        else:
            contestants["pymartini"] = lambda: terrain.martini(ground, place, python, grid, 257, side)
        seconds = alternated(ground, contestants)
    return Figure(1 / seconds["cim"], "pymartini", 1 / seconds["pymartini"] if "pymartini" in seconds else None)


LINE = Line(
    name="terrain.adaptive",
    unit="tiles/s",
    what="2,500 grids of 257 x 257 heights -> adaptive tiles within 6 m, with normals, gzipped, no seam open",
    measure=measure,
    at_least=300,
)
