"""An orthophoto under a city in a real store: another photo gives other roofs, by any number of workers the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from cim.city import City
from cim.store.db import Database
from tests.sample_city import CENTRE
from tests.sample_city import city as sample
from tests.tile_yard import insert, published, seen, yard_at
from tilesets.city.making import ORTHOPHOTO
from tilesets.city.refresh import Yard, refresh
from tilesets.imagery.layer import build_imagery
from tilesets.imagery.mosaic import Picture

pytestmark = pytest.mark.db


def photo(yard: Yard, path: Path, colour: tuple[int, int, int]) -> None:
    """One colour at half a metre over the western half of the sample city, as the imagery product would build it."""
    with rasterio.open(
        path, "w", driver="GTiff", width=700, height=1400, count=3, dtype="uint8", crs="EPSG:4547",
        transform=from_origin(CENTRE[0] - 350.0, CENTRE[1] + 350.0, 0.5, 0.5),
    ) as file:  # fmt: skip
        for band, value in enumerate(colour, 1):
            file.write(np.full((1400, 700), value, dtype=np.uint8), band)
    build_imagery([Picture(path)], yard.data / ORTHOPHOTO.parent, ORTHOPHOTO.name)


def photographed(yard: Yard) -> dict[int, bool]:
    """The buildings of the finest refined tiles, and whether their roofs are in the photo."""
    found: dict[int, bool] = {}
    for tile in seen(yard).walk():
        table = tile.glb.table() if tile.glb is not None else {}
        if "roof_photo" in table:
            found |= dict(zip(table["id"].tolist(), table["roof_photo"].tolist(), strict=True))
    return found


def test_another_photo_gives_other_roofs_and_the_same_bytes_as_from_nothing(
    database: Database, city: City, tmp_path: Path
) -> None:
    yard = yard_at(database, city, tmp_path / "var")
    insert(database, sample(120, width_m=600.0, old_share=0.8))
    refresh(yard)
    assert not any(photographed(yard).values())
    bare = published(yard)
    photo(yard, tmp_path / "first.tif", (90, 110, 130))
    report = refresh(yard).report
    shown = photographed(yard)
    assert any(shown.values())
    assert not all(shown.values())
    assert report.flaws["orthophoto_missing"] > 0
    first = published(yard)
    assert first["root"] != bare["root"]
    assert not refresh(yard).is_new
    other = tmp_path / "other"
    (other / "imagery").parent.mkdir()
    (other / "imagery").symlink_to(yard.data / "imagery")
    (other / "terrain").symlink_to(yard.data / "terrain")
    again = replace(yard, data=other, workers=2)
    refresh(again)
    assert published(again) == first
    photo(yard, tmp_path / "second.tif", (160, 60, 60))
    assert refresh(yard).is_new
    kept = set(published(yard)) & set(first)
    assert {name for name in first if name != "root"} - kept  # the roofs of the other photo
    assert len([name for name in kept if name.endswith(".glb")]) >= 1  # the blocks are as they were
    photo(yard, tmp_path / "first.tif", (90, 110, 130))
    refresh(yard)
    assert published(yard) == first
