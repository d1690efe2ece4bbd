"""Adaptive meshes: within their error everywhere, without holes, and one edge for two neighbours, whoever makes them."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from quantized_mesh_tile.terrain import TerrainTile

from tests import terrain_reader
from tilesets.terrain.adaptive import COLLAR, QUADS, Triangles, errors, triangulate
from tilesets.terrain.irregular import tiles
from tilesets.terrain.quantized_mesh import height_scale

pytestmark = pytest.mark.long

HIGH, WIDE = 2, 3


@pytest.fixture(scope="module")
def lattice() -> np.ndarray:
    """A block's heights with its collar: hills, a cliff along a slanting line, a plain, and noise in a part."""
    y, x = np.mgrid[: HIGH * QUADS + 1 + 2 * COLLAR, : WIDE * QUADS + 1 + 2 * COLLAR].astype(float)
    z = 900 + 60 * np.sin(x / 61) * np.cos(y / 47) + 9 * np.sin(x / 9 + y / 13)
    z = np.where(x + 0.4 * y > 500, z + 40, z)
    z = np.where(y < 120, 850.0, z)
    rough = np.random.default_rng(6).normal(0, 3, z.shape)
    return np.asarray(np.where((x > 560) & (y > 300), z + rough, z), dtype=np.float32)


def _of(lattice: np.ndarray, row: int, column: int) -> np.ndarray:
    """The heights of one tile (257, 257)."""
    r, c = row * QUADS + COLLAR, column * QUADS + COLLAR
    return lattice[r : r + QUADS + 1, c : c + QUADS + 1]


def deviation(mesh: Triangles, z: np.ndarray) -> float:
    column, row = mesh.vertices.T
    return terrain_reader.deviation(column, row, mesh.indices, z[row, column].astype(float), z)


@pytest.mark.parametrize("most", [3.0, 20.0])
def test_no_height_is_further_off_than_was_promised(lattice: np.ndarray, most: float) -> None:
    meshes = triangulate(errors(lattice), most)
    for number in (0, 1, 4):
        mesh = meshes[number]
        assert len(mesh.indices) < 2 * QUADS**2 / 3
        assert deviation(mesh, _of(lattice, *divmod(number, WIDE))) <= most + 1e-3


def test_without_an_allowance_rough_ground_keeps_its_vertices_and_a_plain_does_not(lattice: np.ndarray) -> None:
    meshes = triangulate(errors(lattice), 0.0)
    assert len(meshes[5].vertices) > 0.99 * (QUADS + 1) ** 2
    plain = triangulate(errors(np.full_like(lattice, 850.0)), 0.0)
    assert {len(mesh.vertices) for mesh in plain} == {len(plain[0].vertices)}
    assert 4 * QUADS // COLLAR < len(plain[0].vertices) < 400


def test_triangles_cover_each_tile_once_face_up_and_leave_no_vertex_on_a_side(lattice: np.ndarray) -> None:
    for mesh in triangulate(errors(lattice), 5.0):
        a, b, c = (mesh.vertices[mesh.indices[:, n]] for n in range(3))
        double = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
        assert double.min() > 0
        assert double.sum() == 2 * QUADS**2
        sides = Counter((int(p), int(q)) for t in mesh.indices for p, q in zip(t, np.roll(t, -1), strict=True))
        assert set(sides.values()) == {1}
        alone = [side for side in sides if side[::-1] not in sides]
        ends = mesh.vertices[np.array(alone)]
        assert ((ends[:, 0] == ends[:, 1]) & np.isin(ends[:, 0], (0, QUADS))).any(axis=1).all()
        assert np.unique(mesh.indices).tolist() == list(range(len(mesh.vertices)))


@pytest.mark.parametrize("certain", [True, False])
def test_a_tile_is_the_same_alone_and_in_its_block_and_neighbours_share_their_edge(
    lattice: np.ndarray, certain: bool
) -> None:
    block = triangulate(errors(lattice, certain=certain), 4.0)
    for number, mesh in enumerate(block):
        row, column = divmod(number, WIDE)
        r, c = row * QUADS, column * QUADS
        window = lattice[r : r + QUADS + 1 + 2 * COLLAR, c : c + QUADS + 1 + 2 * COLLAR]
        (alone,) = triangulate(errors(window, certain=certain), 4.0)
        assert (alone.vertices == mesh.vertices).all()
        assert (alone.indices == mesh.indices).all()
    on = [
        [set(m.vertices[m.vertices[:, axis] == end, 1 - axis]) for axis in (0, 1) for end in (0, QUADS)] for m in block
    ]
    west, east, south, north = range(4)
    assert on[0][east] == on[1][west]
    assert on[4][east] == on[5][west]
    assert on[1][north] == on[4][south]
    assert len(on[1][north]) < QUADS


def test_an_independent_decoder_reads_irregular_tiles_whose_edges_meet(lattice: np.ndarray, tmp_path: Path) -> None:
    heights = lattice.astype(np.float64)[COLLAR - 1 : 1 - COLLAR, COLLAR - 1 : 1 - COLLAR]
    scale, step = height_scale(float(heights.min()), float(heights.max())), 45 / 2**16
    meshes = triangulate(errors(lattice), 4.0)
    west, south = 113 + np.arange(WIDE) * QUADS * step, 40 + np.arange(HIGH) * QUADS * step
    read = []
    for number, data in enumerate(tiles(heights, step, west, south, meshes, scale)):
        row, column = divmod(number, WIDE)
        box = {"west": west[column], "south": south[row], "east": west[column] + QUADS * step}
        tile = TerrainTile(**box, north=south[row] + QUADS * step)
        (tmp_path / "t").write_bytes(data)
        tile.fromFile(str(tmp_path / "t"), hasLighting=True, gzipped=True)
        k = scale.encode(_of(lattice, row, column).astype(np.float64))
        c, r = meshes[number].vertices.T
        assert (np.array(tile.h) == k[r, c]).all()
        assert (np.array(tile.indices).reshape(-1, 3) == meshes[number].indices).all()
        assert np.array(tile.vLight).shape == (len(c), 3)
        assert gzip.decompress(data)[:4] != b"\0\0\0\0"
        read.append(tile)
    for one, other, ours, theirs in ((0, 1, "east", "west"), (3, 4, "east", "west"), (0, 3, "north", "south")):
        assert _edge(read[one], ours) == _edge(read[other], theirs)


def _edge(tile: TerrainTile, side: str) -> list[tuple[int, int]]:
    along = tile.v if side in ("west", "east") else tile.u
    return sorted((along[n], tile.h[n]) for n in getattr(tile, f"{side}I"))
