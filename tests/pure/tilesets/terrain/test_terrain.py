"""The pyramid: no seam, true heights, an honest layer.json, exchanged whole."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from cim import crs as frames
from cim.errors import BadInput, BadSource, MissingCrs
from cim.geoid import Geoid
from cim.raster import bilinear, from_corner
from tilesets.terrain import build as terrain
from tilesets.terrain.build import DemSource, build_terrain
from tilesets.terrain.grid import level_for, ranges, tile_box, unrange
from tilesets.terrain.quantized_mesh import decode

pytestmark = pytest.mark.long


def _edge(tile: Any, side: str, values: np.ndarray) -> np.ndarray:
    """The values along an edge in the order of the coordinate that runs along it."""
    vertices = np.array(tile.edges[side])
    along = tile.v if side in ("west", "east") else tile.u
    return values[vertices[np.argsort(along[vertices])]]


def test_shared_edges_decode_to_equal_bits_and_normals(decoded: dict[tuple[int, int, int], Any]) -> None:
    shared = 0
    for (level, x, y), tile in decoded.items():
        for other, ours, theirs in (((level, x + 1, y), "east", "west"), ((level, x, y + 1), "north", "south")):
            neighbour = decoded.get(other)
            if neighbour is None:
                continue
            shared += 1
            assert (_edge(tile, ours, tile.heights) == _edge(neighbour, theirs, neighbour.heights)).all()
            assert (_edge(tile, ours, tile.normals) == _edge(neighbour, theirs, neighbour.normals)).all()
    assert shared > 20


def test_all_tiles_of_a_level_share_one_scale_of_dyadic_steps(decoded: dict[tuple[int, int, int], Any]) -> None:
    for level in {key[0] for key in decoded}:
        scales = {
            (tile.header["minimumHeight"], tile.header["maximumHeight"])
            for key, tile in decoded.items()
            if key[0] == level
        }
        assert len(scales) == 1
        low, high = scales.pop()
        assert float(np.log2((high - low) / 32767)).is_integer()


def test_heights_are_the_finest_dem_plus_the_geoid(relief: Any, decoded: dict[tuple[int, int, int], Any]) -> None:
    west, north, pixel, _ = relief.fine
    x, y = relief.centres(relief.fine)
    field = from_corner((relief.ground(x, y) + relief.lift).astype(np.float32), west, north, pixel, pixel)
    deepest = max(key[0] for key in decoded)
    checked = 0
    for key, tile in decoded.items():
        if key[0] != deepest:
            continue
        box = tile_box(*key)
        lonlat = np.column_stack(
            [box.west + tile.u / 32767 * (box.east - box.west), box.south + tile.v / 32767 * (box.north - box.south)]
        )
        xy = frames.transform(lonlat, frames.LONLAT, relief.crs)
        inner = np.abs(xy - [west + 2500, north - 2500]).max(axis=1) < 2500 - 33 * pixel  # inside the blended rim
        expected = bilinear(field, xy) + relief.geoid.undulation(lonlat)
        quantum = (tile.header["maximumHeight"] - tile.header["minimumHeight"]) / 32767
        assert np.abs(tile.heights - expected)[inner].max(initial=0.0) < quantum / 2 + 0.005
        checked += int(inner.sum())
    assert checked > 5000


def test_normals_lean_as_the_ground_does(relief: Any, decoded: dict[tuple[int, int, int], Any]) -> None:
    west, north, pixel, count = relief.fine
    leans, slopes = [], []
    for key, tile in decoded.items():
        if key[0] == len(relief.report.tiles) - 1:
            xy = frames.transform(tile.lonlat, frames.LONLAT, relief.crs)
            inner = np.abs(xy - [west + pixel * count / 2, north - pixel * count / 2]).max(axis=1) < 1500
            axes = frames.enu_axes(*tile.lonlat.mean(axis=0))
            leans.append((tile.normals @ axes.T)[inner])
            x, y = xy[inner].T
            east = (relief.ground(x + 20, y) - relief.ground(x - 20, y)) / 40
            up = (relief.ground(x, y + 20) - relief.ground(x, y - 20)) / 40
            slopes.append(np.column_stack([east, up]))
    lean, slope = np.concatenate(leans), np.concatenate(slopes)
    assert len(lean) > 3000
    for axis in (0, 1):  # the normal leans against the slope, by as much
        found = -lean[:, axis] / lean[:, 2]
        assert np.polyfit(slope[:, axis], found, 1)[0] == pytest.approx(1.0, abs=0.05)
        assert np.abs(found - slope[:, axis]).max() < 0.03


def test_the_finer_dem_rises_from_the_coarser_without_a_cliff(relief: Any) -> None:
    deepest = len(relief.report.tiles) - 1
    steps = []
    for path in relief.folder.glob(f"{deepest}/*/*.terrain"):
        heights = decode(path.read_bytes()).heights()
        steps += [np.abs(np.diff(heights, axis=0)).max(), np.abs(np.diff(heights, axis=1)).max()]
    natural = 33.4 * (150 / 3300 + 150 / 4100 + 8 / 500 + 8 / 700)  # the steepest step the formula can make
    blended = relief.lift * 33.4 / (32 * 25) * 1.5  # the blend's steepest part
    assert max(steps) < natural + blended


def test_a_hole_is_filled_smoothly(relief: Any, decoded: dict[tuple[int, int, int], Any]) -> None:
    west, south, side = relief.hole
    middle = frames.transform(np.array([[west + side / 2, south + side / 2]]), relief.crs, frames.LONLAT)
    near = [
        tile.heights[np.abs(tile.lonlat - middle).max(axis=1) < 0.01] for key, tile in decoded.items() if key[0] == 10
    ]
    heights = np.concatenate(near) - relief.geoid.undulation(middle)
    x, y = np.meshgrid(np.linspace(west, west + side, 20), np.linspace(south, south + side, 20))
    truth = relief.ground(x, y)
    assert len(heights) > 20
    assert heights.min() > truth.min() - 40
    assert heights.max() < truth.max() + 40


def test_far_from_every_dem_the_ground_is_the_geoid(relief: Any) -> None:
    root = decode((relief.folder / "0/0/0.terrain").read_bytes())
    step = (root.scale_high - root.scale_low) / 32767
    at = relief.geoid.undulation(np.array([[-90.0, 0.0]]))[0]
    assert abs(root.heights()[32, 32] - at) <= step / 2


def test_layer_json_promises_exactly_what_is_there(relief: Any) -> None:
    layer = json.loads((relief.folder / "layer.json").read_text(encoding="utf-8"))
    files = {tuple(map(int, (p.parts[-3], p.parts[-2], p.stem))) for p in relief.folder.glob("*/*/*.terrain")}
    promised = {(level, int(x), int(y)) for level, found in enumerate(layer["available"]) for x, y in unrange(found)}
    assert promised == files
    assert {(0, 0, 0), (0, 1, 0)} <= files
    assert (layer["tilejson"], layer["format"], layer["scheme"]) == ("2.1.0", "quantized-mesh-1.0", "tms")
    assert layer["projection"] == "EPSG:4326"
    assert layer["extensions"] == ["octvertexnormals"]
    assert layer["maxzoom"] == max(level for level, _, _ in files) == level_for(25.0, 40.1)
    assert "a slope for tests" in layer["description"]
    west, south, east, north = layer["bounds"]
    assert 113.17 < west < 113.19
    assert 113.36 < east < 113.38
    assert 40.03 < south < north < 40.20
    assert relief.report.total == len(files)


def test_every_tile_has_its_parent(relief: Any) -> None:
    files = {tuple(map(int, (p.parts[-3], p.parts[-2], p.stem))) for p in relief.folder.glob("*/*/*.terrain")}
    assert all((level - 1, x // 2, y // 2) in files for level, x, y in files if level)


def test_bounding_spheres_hold_their_tiles_and_points_lie_on_the_earth(
    decoded: dict[tuple[int, int, int], Any],
) -> None:
    for (level, x, y), tile in decoded.items():
        box = tile_box(level, x, y)
        lon, lat = (
            box.west + tile.u / 32767 * (box.east - box.west),
            box.south + tile.v / 32767 * (box.north - box.south),
        )
        ecef = frames.to_ecef(np.column_stack([lon, lat, tile.heights]))
        head = tile.header
        sphere = np.array([head[f"boundingSphereCenter{axis}"] for axis in "XYZ"])
        away = np.linalg.norm(ecef - sphere, axis=1).max()
        assert away <= head["boundingSphereRadius"] + 0.5
        assert head["boundingSphereRadius"] < away * 1.01
        centre = np.array([head[f"center{axis}"] for axis in "XYZ"])
        flat = frames.to_ecef(np.array([[(box.west + box.east) / 2, (box.south + box.north) / 2, 0.0]]))[0]
        assert tile.heights.min() - 1 < np.linalg.norm(centre - flat) < tile.heights.max() + 1


@pytest.mark.long
def test_the_same_dems_give_the_same_bytes_whatever_the_workers_and_blocks(
    relief: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terrain, "ONE_PROCESS", 1)
    monkeypatch.setattr(terrain, "BLOCK", 1)
    build_terrain(relief.dems, tmp_path / "t", relief.crs, relief.geoid, workers=8)
    for path in relief.folder.glob("*/*/*.terrain"):
        assert (tmp_path / "t" / path.relative_to(relief.folder)).read_bytes() == path.read_bytes()
    assert path.read_bytes()[4:8] == bytes(4)  # gzip without a time
    assert len(gzip.decompress(path.read_bytes())) > 65 * 65 * 8


def test_unchanged_input_is_no_work_and_changed_input_replaces_all(relief: Any, tmp_path: Path) -> None:
    values = np.full((20, 20), 500.0)
    field = (430_000.0, 4_450_000.0, 500.0, 20)
    dem = DemSource(relief.write_dem(tmp_path / "a.tif", values, field))
    out, geoid, notes = tmp_path / "terrain", Geoid.constant(-15.0), []
    first = build_terrain([dem], out, relief.crs, geoid, lambda *told: notes.append(told), fingerprint="1")
    assert notes[-1][:2] == (first.total, first.total)
    old = (out / "layer.json").stat().st_ino
    again = build_terrain([dem], out, relief.crs, geoid, fingerprint="1")
    assert (again.unchanged, again.version, again.tiles) == (True, first.version, first.tiles)
    assert (out / "layer.json").stat().st_ino == old
    relief.write_dem(tmp_path / "a.tif", values + 3.0, field)
    changed = build_terrain([dem], out, relief.crs, geoid, fingerprint="2")
    assert (changed.unchanged, changed.version != first.version) == (False, True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "terrain"]


def test_a_dem_that_cannot_be_used_leaves_the_old_pyramid_in_place(relief: Any, tmp_path: Path) -> None:
    field = (430_000.0, 4_450_000.0, 500.0, 12)
    good = DemSource(relief.write_dem(tmp_path / "good.tif", np.full((12, 12), 500.0), field))
    out, geoid = tmp_path / "terrain", Geoid.constant(0.0)
    version = build_terrain([good], out, relief.crs, geoid).version
    nowhere = DemSource(relief.write_dem(tmp_path / "nowhere.tif", np.full((12, 12), 1.0), field, crs=None))
    void = DemSource(relief.write_dem(tmp_path / "void.tif", np.full((12, 12), np.nan), field))
    with pytest.raises(MissingCrs, match=r"nowhere\.tif"):
        build_terrain([good, nowhere], out, relief.crs, geoid)
    with pytest.raises(BadSource, match=r"void\.tif"):
        build_terrain([void], out, relief.crs, geoid)
    with pytest.raises(BadSource, match=r"absent\.tif"):
        build_terrain([DemSource(tmp_path / "absent.tif")], out, relief.crs, geoid)
    with pytest.raises(BadInput, match="no DEM"):
        build_terrain([], out, relief.crs, geoid)
    assert version in (out / "layer.json").read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".terrain-*"))


def test_undeclared_void_marks_are_not_taken_for_heights(relief: Any, tmp_path: Path) -> None:
    values = np.full((40, 40), 800.0)
    values[5:8, 5:8], values[20:23, 20:23], values[30, 30] = -32768.0, 3.4e38, np.nan  # NaN is written as -9999
    file = relief.write_dem(tmp_path / "a.tif", values, (430_000.0, 4_450_000.0, 200.0, 40))
    with rasterio.open(file, "r+") as dataset:
        dataset.nodata = None
    build_terrain([DemSource(file)], tmp_path / "t", relief.crs, Geoid.constant(0.0))
    for path in (tmp_path / "t").glob("10/*/*.terrain"):
        heights = decode(path.read_bytes()).heights()
        assert heights.min() >= 0
        assert heights.max() == 800.0


def test_ranges_stand_for_exactly_their_tiles() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        tiles = np.argwhere(rng.random((9, 11)) < 0.6)
        if len(tiles):
            assert set(map(tuple, unrange(ranges(tiles)))) == set(map(tuple, tiles))
            assert len(unrange(ranges(tiles))) == len(tiles)


def test_the_real_relief_of_the_prefecture_is_built(shared: Path, tmp_path: Path) -> None:
    files = [shared / "dem" / name for name in ("datong_itu_p1511_topo_5min.tif", "datong_relief_approx_3857.tif")]
    report = build_terrain([DemSource(f) for f in files], tmp_path / "t", "EPSG:4547", Geoid.constant(-15.44))
    assert len(report.tiles) - 1 == level_for(399.0, 39.9)
    level, x, y = 9, int((113.288 + 180) / 180 * 512), int((40.091 + 90) / 180 * 512)
    heights = decode((tmp_path / f"t/{level}/{x}/{y}.terrain").read_bytes()).heights() + 15.44
    assert 950 < heights.min() < heights.max() < 2500
