"""From a delivered model to the tile: its surfaces stand in the finest one, and only what they changed is made anew."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from cim.city import City
from cim.crs import LONLAT, transform
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.db import Database
from cim.types import silent
from loaders import pipeline
from loaders.rollback import rollback
from tests.mesh_files import gabled, obj
from tests.sample_city import CENTRE
from tests.tile_yard import fresh, published, seen, yard_at
from tests.tileset_rules.check import check_folder
from tilesets.city.refresh import Yard, refresh

pytestmark = pytest.mark.db
X, Y = CENTRE


def load(database: Database, city: City, path: Path) -> None:
    named = NamedSource("model", Source(str(path), "buildings", crs="EPSG:4547", up="z"))
    pipeline.load(database, named, path, city, silent, itertools.count().__next__)


def finest(yard: Yard) -> np.ndarray:
    """Where the corners of everything stand that is drawn at the finest level, earth-centred."""
    return np.concatenate([tile.glb.ecef() for tile in seen(yard).walk() if not tile.children and tile.glb is not None])


def ecef(yard: Yard, corners: np.ndarray) -> np.ndarray:
    lonlat = transform(corners[:, :2], "EPSG:4547", LONLAT)
    middle = transform(np.array([[corners[:, 0].mean(), corners[:, 1].mean()]]), "EPSG:4547", LONLAT)
    high = corners[:, 2] + yard.geoid.undulation(middle)[0]
    return np.column_stack(Transformer.from_crs(4979, 4978, always_xy=True).transform(*lonlat.T, high))


def farthest(found: np.ndarray, expected: np.ndarray) -> float:
    return max(float(np.linalg.norm(found - corner, axis=1).min()) for corner in expected)


def test_a_model_that_is_loaded_stands_in_the_tiles_until_it_is_taken_off(
    database: Database, city: City, tmp_path: Path
) -> None:
    yard = yard_at(database, city, tmp_path / "var")
    first = {f"h{k}": gabled(X + 25.0 * k, Y, 1040.0 + k) for k in range(3)}
    load(database, city, obj(tmp_path / "m.obj", first))
    assert refresh(yard).is_new
    assert check_folder(yard.sink.folder).violations == []
    for corners in first.values():
        assert farthest(finest(yard), ecef(yard, corners)) < 0.02
    assert farthest(ecef(yard, np.concatenate(list(first.values()))), finest(yard)) < 0.02
    before = published(yard)

    taller = {**first, "h1": gabled(X + 25.0, Y, 1041.0, ridge=9.0)}
    load(database, city, obj(tmp_path / "m.obj", taller))
    assert refresh(yard).is_new
    assert farthest(finest(yard), ecef(yard, taller["h1"])) < 0.02
    assert published(yard) == fresh(yard, tmp_path / "fresh")

    rollback(database, "model")
    assert refresh(yard).is_new
    held = published(yard)
    assert {k: v for k, v in held.items() if k.endswith(".glb")} == {
        k: v for k, v in before.items() if k.endswith(".glb")
    }
