"""Runs the readers of other people (Node scripts of tests/readers) and hands back what they saw."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from cim.types import Bodies
from tests.sample_city import CENTRE, CRS
from tests.tileset_rules.tile import Tile

READERS = Path(__file__).resolve().parent / "readers"
NEEDED = [
    pytest.mark.node,
    pytest.mark.skipif(
        not (READERS / "node_modules").is_dir(), reason="the readers are not installed: npm ci --prefix tests/readers"
    ),
]
"""Marks of a module that needs them."""
GROUND_M = 1025.0
"""The ellipsoidal height of the sample city's ground at its centre."""
_TO_LONLAT = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)
_HALF_HIGH, _HALF_WIDE = float(np.tan(np.radians(30.0))), float(np.tan(np.radians(30.0))) * 800 / 450


def run(script: str, *arguments: str, told: str = "") -> list[dict[str, Any]]:
    """The JSON lines a script prints. told: its standard input."""
    done = subprocess.run(
        ["node", script, *arguments], cwd=READERS, input=told, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def looked_down(url: str, heights_m: Iterable[float], at: tuple[float, float] = CENTRE) -> list[dict[str, Any]]:
    """What 3d-tiles-renderer draws for a camera that looks straight down from heights above the ground at a place."""
    lon, lat = _TO_LONLAT.transform(*at)
    views = [{"lon": lon, "lat": lat, "height": GROUND_M + height, "down": 90} for height in heights_m]
    seen = run("select_tiles.mjs", url, told="".join(json.dumps(view) + "\n" for view in views))
    for view in seen:
        assert view["failures"] == []
    return seen


def in_view(rows: Bodies, height_m: float, at: tuple[float, float] = CENTRE) -> set[int]:
    """The ids of the buildings well within such a view: in the inner four fifths of it."""
    centre = shapely.centroid(rows.geometry)
    away = np.abs(np.column_stack([shapely.get_x(centre), shapely.get_y(centre)]) - at)
    reach = 0.8 * height_m * np.array([_HALF_WIDE, _HALF_HIGH])
    return set(rows.id[(away < reach).all(axis=1)].tolist())


def first_drawn(root: Tile) -> list[Tile]:
    """What is drawn of a whole tree from as far as anything is: the topmost tiles that draw."""
    return [tile for tile in root.walk() if tile.draws and not any(above.draws for above in tile.above())]
