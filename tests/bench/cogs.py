"""How both lines of COGs are measured: megabytes of the uncompressed picture a second, of whole processes."""

import shutil
from collections.abc import Callable
from math import sqrt

from tests.bench import pictures, rivals, terrain
from tests.bench.ground import Ground
from tests.bench.line import Figure
from tests.bench.rounds import alternated


def measured(crs: str, *, onto_map: bool) -> Callable[[Ground], Figure]:
    """A line's measure of pictures in a frame. onto_map: the rival warps onto the map's tiles too."""

    def measure(ground: Ground) -> Figure:
        side = max(1024, round(pictures.SIDE * sqrt(min(ground.scale, 1.0))))
        source = pictures.kept(ground.files, side, crs)
        program = shutil.which("gdal_translate")
        with terrain.place(ground) as place:
            contestants: dict[str, Callable[[], float]] = {
                "cim": lambda: pictures.layer(ground, source, place / "ours")
            }
            if program is None:
                rivals.missing(ground, "gdal_translate")
            else:
                contestants["gdal_translate"] = lambda: pictures.translated(
                    program, source, place / "theirs", onto_map=onto_map
                )
            seconds = alternated(ground, contestants)
        size = side * side * 3 / 1e6
        theirs = size / seconds["gdal_translate"] if "gdal_translate" in seconds else None
        return Figure(size / seconds["cim"], "gdal_translate", theirs)

    return measure
