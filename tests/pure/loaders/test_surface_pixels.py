"""Pixels of a surface model come square by square, so that memory grows with a square and not with the city."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from cim.inference.roof_relief import relief
from cim.types import RoofForm, silent
from loaders.derived import surface_heights, surface_pixels

CRS = "EPSG:4547"
WEST, NORTH = 439_000.0, 4_440_064.0


@pytest.fixture
def surface(tmp_path: Path) -> dict[str, object]:
    """A model of 64 x 64 m: gables 8 m wide over a sloping ground, ridges running east."""
    y = NORTH - np.arange(64)[:, None] - 0.5 - 4_440_000.0
    values = (1050.0 - np.abs(y % 8.0 - 4.0) + np.zeros((64, 64))).astype(np.float32)
    path = tmp_path / "s.tif"
    shape = {"width": 64, "height": 64, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", "GTiff", crs=CRS, transform=from_origin(WEST, NORTH, 1.0, 1.0), **shape) as file:
        file.write(values, 1)
    return {"path": str(path), "crs": CRS, "pixel_m": 1.0}


def level(lonlat: np.ndarray) -> np.ndarray:
    return np.full(len(lonlat), 1040.0)


def test_each_footprint_lies_in_one_square_and_is_measured_as_in_one_whole(surface, monkeypatch) -> None:
    houses = np.array(
        [shapely.box(WEST + x, NORTH - y - 8, WEST + x + 14, NORTH - y) for x in (0, 17, 49) for y in (0, 32)]
    )
    whole = surface_heights.measured(houses, [surface], level, CRS, silent)
    monkeypatch.setattr(surface_pixels, "_BLOCK", 16)
    parts = list(surface_pixels.within(houses, surface, level, CRS, silent))
    assert sorted(row for part in parts for row in part.members.tolist()) == list(range(len(houses)))
    assert len(parts) == 6
    for part in parts:
        found = relief(houses[part.members], part.label, part.xy, part.height_m, part.slope_deg)
        assert found.form.tolist() == [RoofForm.gable] * len(part.members)
    again = surface_heights.measured(houses, [surface], level, CRS, silent)
    assert (whole.pixels == 12 * 6).all()
    assert again.height_m.tolist() == whole.height_m.tolist()
    assert again.spread_m.tolist() == whole.spread_m.tolist()
