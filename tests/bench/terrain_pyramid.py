"""A program: a DEM to a terrain pyramid, as `cim build terrain` makes it. Arguments: DEM, folder, workers."""

import sys
from pathlib import Path

from cim.geoid import Geoid
from tilesets.terrain.build import DemSource, build_terrain


def main() -> None:
    """Build it."""
    dem, folder, workers = sys.argv[1:]
    report = build_terrain(
        [DemSource(Path(dem))], Path(folder), "EPSG:4547", Geoid.constant(-15.44), workers=int(workers)
    )
    sys.stdout.write(f"{report.total}\n")


if __name__ == "__main__":
    main()
