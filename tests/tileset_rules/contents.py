"""A model in its tile: every rule of its GLB, and every vertex within the volumes of the tile and all above it."""

import numpy as np

from tests.tileset_rules import features, geometry, pictures
from tests.tileset_rules.glb import read_glb
from tests.tileset_rules.report import Report
from tests.tileset_rules.tile import Link, Tile
from tests.tileset_rules.volumes import TOLERANCE_M, Points

_Z_UP = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=np.float64)


def inspect(data: bytes, tile: Tile, link: Link, report: Report) -> None:
    """Holds a GLB against the rules, and notes in the tile what it draws."""
    tile.draws = True  # so far as is known: a broken model is one violation, not also a hole
    gltf = read_glb(data, link.uri, report)
    if gltf is None:
        return
    parts = geometry.placed(gltf)
    features.check(gltf, tile)
    pictures.check(gltf)
    at = np.vstack([np.zeros((0, 3)), *parts])
    tile.draws = len(at) > 0
    if not tile.draws:
        return
    report.vertices += len(at)
    pose = tile.pose @ _Z_UP
    enclose(Points.of(at @ pose[:3, :3].T + pose[:3, 3]), tile, link, report)


def enclose(points: Points, tile: Tile, link: Link, report: Report) -> None:
    """The vertices of a content against the volumes that must hold them."""
    if link.volume is not None:
        away = link.volume.outside(points)
        if away > TOLERANCE_M:
            report.add(tile.uri, "tree.content_volume", f"{link.uri} reaches {away:.3f} m out of its own volume")
    for holder in (tile, *tile.above()):
        away = holder.volume.outside(points) if holder.volume else 0.0
        if away > TOLERANCE_M:
            report.add(tile.uri, "tree.content", f"{link.uri} reaches {away:.3f} m out of the volume of {holder.uri}")
