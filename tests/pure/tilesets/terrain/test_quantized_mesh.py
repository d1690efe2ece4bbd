"""The encoder alone: an independent decoder reads back what went in, and no bytes break ours."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from quantized_mesh_tile.terrain import TerrainTile

from cim.crs import to_ecef
from cim.errors import BadSource
from tilesets.terrain.quantized_mesh import (
    SIDE,
    HeightScale,
    decode,
    encode,
    headers,
    height_scale,
    oct_decode,
    oct_encode,
    topology,
)

LONS, LATS = np.linspace(113.0, 113.1, SIDE), np.linspace(40.0, 40.1, SIDE)


def one_tile(k: np.ndarray, normals: np.ndarray, scale: HeightScale) -> bytes:
    where = headers(LONS[None, : k.shape[0]], LATS[None, : k.shape[0]], scale.decode(k)[None])
    return encode(scale, where, k[None], normals[None])[0]


def test_an_independent_decoder_reads_the_same_mesh(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    scale = height_scale(900.0, 1500.0)
    k = scale.encode(rng.uniform(900, 1500, (SIDE, SIDE)))
    normals = rng.integers(0, 256, (SIDE, SIDE, 2)).astype(np.uint8)
    (tmp_path / "t.terrain").write_bytes(one_tile(k, normals, scale))
    tile = TerrainTile(west=113.0, south=40.0, east=113.1, north=40.1)
    tile.fromFile(str(tmp_path / "t.terrain"), hasLighting=True, gzipped=True)
    order = topology().order
    assert (np.array(tile.h) == k.ravel()[order]).all()
    assert (np.array(tile.u) == np.rint(order % SIDE * 32767 / 64)).all()
    assert (np.array(tile.v) == np.rint(order // SIDE * 32767 / 64)).all()
    assert (np.array(tile.indices).reshape(-1, 3) == topology().triangles).all()
    assert np.allclose(np.array(tile.vLight), oct_decode(normals.reshape(-1, 2)[order]), atol=1e-6)
    edges = {"west": tile.westI, "south": tile.southI, "east": tile.eastI, "north": tile.northI}
    sides = {"west": (tile.u, 0), "south": (tile.v, 0), "east": (tile.u, 32767), "north": (tile.v, 32767)}
    for name, (along, end) in sides.items():
        assert sorted(edges[name]) == [n for n, value in enumerate(along) if value == end]


def test_triangles_cover_the_tile_once_and_face_up() -> None:
    u, v = np.divmod(topology().order, SIDE)[::-1]
    a, b, c = (np.column_stack([u, v])[topology().triangles[:, n]].astype(float) for n in range(3))
    area = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    assert (area == 0.5).all()
    assert len(area) == 2 * (SIDE - 1) ** 2
    assert len({tuple(sorted(t)) for t in topology().triangles.tolist()}) == len(area)


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.uint16, (9, 9), elements=st.integers(0, 32767)), hnp.arrays(np.uint8, (9, 9, 2)))
def test_what_is_encoded_is_decoded(k: np.ndarray, normals: np.ndarray) -> None:
    scale = HeightScale(-100.0, 0.0625)
    data = one_tile(k, normals, scale)
    for form in (data, gzip.decompress(data)):
        mesh = decode(form)
        assert (mesh.k == k).all()
        assert mesh.normals is not None
        assert (mesh.normals == normals).all()
        assert (mesh.heights() == scale.decode(k)).all()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_bytes_are_refused_or_read_but_never_crash(data: st.DataObject) -> None:
    whole = gzip.decompress(one_tile(np.zeros((9, 9), np.uint16), np.zeros((9, 9, 2), np.uint8), HeightScale(0, 1)))
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    for form in (bytes(broken), whole[: data.draw(st.integers(0, len(whole) - 1))], data.draw(st.binary(max_size=300))):
        try:
            decode(form, "3/4/5")
        except BadSource as error:
            assert "3/4/5" in str(error)


def test_a_truncated_gzip_is_refused() -> None:
    data = one_tile(np.zeros((9, 9), np.uint16), np.zeros((9, 9, 2), np.uint8), HeightScale(0, 1))
    with pytest.raises(BadSource, match="not a quantized mesh"):
        decode(data[:-20])


@given(st.floats(-500, 8000), st.floats(0, 9000))
def test_a_scale_holds_its_range_and_steps_by_a_power_of_two(low: float, span: float) -> None:
    scale = height_scale(low, low + span)
    assert scale.low <= low
    assert scale.high >= low + span
    assert float(np.log2(scale.quantum)).is_integer()
    assert np.float32(scale.low) == scale.low
    assert np.float32(scale.high) == scale.high
    middle = np.array([low + span / 2])
    assert np.abs(scale.decode(scale.encode(middle)) - middle).max() <= scale.quantum / 2


def test_octahedral_bytes_keep_directions_within_a_degree() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(5000, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    x, y, z = vectors.astype(np.float32).T
    back = oct_decode(np.stack(oct_encode(x, y, z), axis=-1))
    assert np.degrees(np.arccos(np.clip((back * vectors).sum(axis=1), -1, 1))).max() < 1.0


def _sees(camera: np.ndarray, points: np.ndarray) -> Any:
    """Which points (n, 3), in units of the ellipsoid's radii, the unit sphere does not hide from the camera."""
    ray = points - camera
    nearest = np.clip(-(ray @ camera) / (ray**2).sum(axis=1), 0.0, 1.0)
    return np.linalg.norm(camera + nearest[:, None] * ray, axis=1) >= 1.0 - 1e-12


@pytest.mark.parametrize("side", [0.05, 2.0, 20.0])
def test_the_horizon_point_is_hidden_only_when_every_vertex_is(side: float) -> None:
    radii = np.array([6378137.0, 6378137.0, 6356752.314245179])
    lons, lats = np.linspace(113.0, 113.0 + side, 17), np.linspace(40.0, 40.0 + side, 17)
    rng = np.random.default_rng(11)
    heights = rng.uniform(600, 2400, (17, 17))
    where = headers(lons[None], lats[None], heights[None])
    lon, lat = np.meshgrid(lons, lats)
    vertices = to_ecef(np.column_stack([lon.ravel(), lat.ravel(), heights.ravel()])) / radii
    hidden = seen = 0
    for _ in range(4000):
        away = rng.normal(size=3)
        camera = away / np.linalg.norm(away) * (1 + 10 ** rng.uniform(-3.5, 1))
        if not _sees(camera, where.horizon)[0]:
            hidden += 1
            assert not _sees(camera, vertices).any()
        else:
            seen += 1
    assert hidden > 500
    assert seen > 100
