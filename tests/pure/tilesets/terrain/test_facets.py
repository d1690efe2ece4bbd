"""The plan of a mesh's triangles: they cover a box without gaps, and heights are linear within each."""

from typing import Any

import numpy as np
import shapely

from cim.types import Box
from tilesets.terrain.ground import ServedGround


def test_heights_are_linear_within_each_facet_and_facets_cover_the_box(relief: Any) -> None:
    ground = ServedGround.open(relief.folder, relief.crs, relief.geoid)
    x, y = (float(part.mean()) for part in relief.centres(relief.fine))
    box = Box(x - 90.0, y - 70.0, x + 90.0, y + 70.0)
    facets = ground.facets(box)
    assert shapely.union_all(shapely.buffer(facets, 1e-4)).covers(shapely.box(*box.as_tuple()))
    corners = shapely.get_coordinates(facets).reshape(-1, 4, 2)[:, :3]
    share = np.random.default_rng(4).dirichlet([1.0, 1.0, 1.0], len(corners))
    inside = (corners * share[..., None]).sum(axis=1)
    between = (ground.heights(corners.reshape(-1, 2)).reshape(-1, 3) * share).sum(axis=1)
    assert np.abs(ground.heights(inside) - between).max() < 2e-3
