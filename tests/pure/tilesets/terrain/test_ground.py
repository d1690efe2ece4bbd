"""Buildings' ground: the lowest point of the served triangles under a footprint, against brute force in shapely."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import Polygon

from cim import crs as frames
from cim.errors import BadSource, Unavailable
from tilesets.terrain.build import DemSource, build_terrain
from tilesets.terrain.foundation import FOUNDATION_LEVEL
from tilesets.terrain.grid import ranges, tile_box
from tilesets.terrain.ground import ServedGround
from tilesets.terrain.quantized_mesh import SIDE, Mesh, decode


@pytest.fixture(scope="module")
def served(relief: Any) -> ServedGround:
    return ServedGround.open(relief.folder, relief.crs, relief.geoid)


@pytest.fixture(scope="module")
def rough(relief: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pyramid of the same DEMs under noise, so that lowest points lie on lines and vertices, not only at corners."""
    folder, rng = tmp_path_factory.mktemp("rough"), np.random.default_rng(9)
    dems = []
    for name, field in (("coarse.tif", relief.coarse), ("fine.tif", relief.fine)):
        x, y = relief.centres(field)
        values = relief.ground(x, y) + rng.normal(0, 8, x.shape)
        dems.append(DemSource(relief.write_dem(folder / name, values, field)))
    build_terrain(dems, folder / "terrain", relief.crs, relief.geoid)
    return folder / "terrain"


@pytest.fixture(scope="module")
def rough_ground(relief: Any, rough: Path) -> ServedGround:
    return ServedGround.open(rough, relief.crs, relief.geoid)


@pytest.fixture(scope="module")
def meshes(rough: Path) -> dict[tuple[int, int, int], Mesh]:
    paths = rough.glob("*/*/*.terrain")
    return {(int(p.parts[-3]), int(p.parts[-2]), int(p.stem)): decode(p.read_bytes()) for p in paths}


def _finest(meshes: dict[tuple[int, int, int], Mesh]) -> list[tuple[tuple[int, int, int], Any]]:
    """Each tile with the part of it that no finer tile covers (lon/lat)."""
    shown = []
    for level, x, y in meshes:
        finer = [
            shapely.box(*tile_box(level + 1, 2 * x + i, 2 * y + j).as_tuple())
            for i in (0, 1)
            for j in (0, 1)
            if (level + 1, 2 * x + i, 2 * y + j) in meshes
        ]
        part = shapely.box(*tile_box(level, x, y).as_tuple()).difference(shapely.union_all(finer))
        if not part.is_empty:
            shown.append(((level, x, y), part))
    return shown


def brute_force(relief: Any, meshes: dict[tuple[int, int, int], Mesh], footprint: Any) -> float:
    """Cut the footprint by every triangle of every tile shown there; the lowest corner of the pieces."""
    lonlat = shapely.transform(footprint, lambda xy: frames.transform(xy, relief.crs, frames.LONLAT))
    lowest = np.inf
    for key, part in _finest(meshes):
        cut = lonlat.intersection(part)
        if cut.is_empty:
            continue
        box, heights = tile_box(*key), meshes[key].heights()
        lons, lats = np.linspace(box.west, box.east, SIDE), np.linspace(box.south, box.north, SIDE)
        west, south, east, north = cut.bounds
        c0, c1 = np.searchsorted(lons, west) - 1, np.searchsorted(lons, east) + 1
        r0, r1 = np.searchsorted(lats, south) - 1, np.searchsorted(lats, north) + 1
        for r in range(max(r0, 0), min(r1, SIDE - 1)):
            for c in range(max(c0, 0), min(c1, SIDE - 1)):
                for corners in (((r, c), (r, c + 1), (r + 1, c + 1)), ((r, c), (r + 1, c + 1), (r + 1, c))):
                    flat = np.array([(lons[b], lats[a]) for a, b in corners])
                    piece = shapely.get_coordinates(Polygon(flat).intersection(cut))
                    if len(piece):
                        solve = np.column_stack([flat - flat[0], [1, 1, 1]])
                        plane = np.linalg.solve(solve, [heights[a, b] for a, b in corners])
                        above = (piece - flat[0]) @ plane[:2] + plane[2] - relief.geoid.undulation(piece)
                        lowest = min(lowest, float(above.min()))
    return lowest


def _house(x: float, y: float, wide: float, deep: float, turn: float) -> Polygon:
    ring = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.2], [0.0, 0.2], [0.0, 0.5], [-0.5, 0.5]]) * [wide, deep]
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Polygon(ring @ spin.T + [x, y])


def test_lowest_equals_brute_force_over_triangles(relief: Any, rough_ground: ServedGround, meshes: Any) -> None:
    rng = np.random.default_rng(4)
    west, north = relief.fine[:2]
    houses = [
        _house(x, y, wide, deep, turn)
        for x, y, wide, deep, turn in zip(
            rng.uniform(west - 3000, west + 6000, 40),
            rng.uniform(north - 6000, north + 3000, 40),
            rng.uniform(5, 180, 40),
            rng.uniform(5, 120, 40),
            rng.uniform(0, 3, 40),
            strict=True,
        )
    ]
    courtyard = Polygon(
        _house(west + 2500, north - 2500, 300, 280, 0.3).exterior.coords,
        [_house(west + 2460, north - 2500, 80, 70, 0.3).exterior.coords],
    )
    pair = shapely.MultiPolygon([houses[0], shapely.affinity.translate(houses[0], 400, 90)])
    footprints = np.array([*houses, courtyard, pair], dtype=object)
    found = rough_ground.lowest(footprints)
    expected = [brute_force(relief, meshes, footprint) for footprint in footprints]
    assert np.abs(found - expected).max() < 1e-6


def test_a_footprint_over_the_border_of_two_levels_counts_both_meshes(
    relief: Any, rough: Path, meshes: Any, tmp_path: Path
) -> None:
    deepest = max(level for level, _, _ in meshes)
    columns = sorted({x for level, x, _ in meshes if level == deepest})
    first = columns[len(columns) // 2]  # west of it the deepest level is taken away, in the middle of the finer DEM
    kept = {key: mesh for key, mesh in meshes.items() if key[0] < deepest or key[1] >= first}
    shutil.copytree(rough, tmp_path / "t")
    layer = json.loads((rough / "layer.json").read_text(encoding="utf-8"))
    layer["available"][deepest] = ranges(np.array([key[1:] for key in kept if key[0] == deepest]))
    (tmp_path / "t" / "layer.json").write_text(json.dumps(layer), encoding="utf-8")
    ground = ServedGround.open(tmp_path / "t", relief.crs, relief.geoid)
    edge = tile_box(deepest, first, 0).west
    middle = frames.transform(np.array([[relief.fine[0] + 2500, relief.fine[1] - 2500]]), relief.crs, frames.LONLAT)
    along = middle[0, 1] + np.linspace(-0.01, 0.01, 25)
    border = frames.transform(np.column_stack([np.full(25, edge), along]), frames.LONLAT, relief.crs)
    footprints = np.array([_house(x - 27, y, 60, 6, 0.0) for x, y in border], dtype=object)
    expected = [brute_force(relief, kept, footprint) for footprint in footprints]
    assert np.abs(ground.lowest(footprints) - expected).max() < 1e-5


def test_nothing_under_a_footprint_is_lower_than_its_lowest(relief: Any, served: ServedGround) -> None:
    west, north = relief.fine[:2]
    house = _house(west + 1800, north - 3100, 90, 70, 1.1)
    x0, y0, x1, y1 = house.bounds
    x, y = np.meshgrid(np.linspace(x0, x1, 150), np.linspace(y0, y1, 150))
    points = np.column_stack([x.ravel(), y.ravel()])[shapely.intersects_xy(house, x.ravel(), y.ravel())]
    heights = served.heights(points)
    lowest = served.lowest(np.array([house], dtype=object))[0]
    assert heights.min() >= lowest - 1e-9
    assert heights.min() - lowest < 0.05


def test_heights_follow_the_finest_dem(relief: Any, served: ServedGround) -> None:
    west, north = relief.fine[:2]
    rng = np.random.default_rng(1)
    inside = np.column_stack([rng.uniform(west + 900, west + 4100, 500), rng.uniform(north - 4100, north - 900, 500)])
    assert np.abs(served.heights(inside) - relief.ground(*inside.T) - relief.lift).max() < 0.15
    assert np.isnan(served.heights(np.array([[np.nan, 0.0]]))).all()


def test_missing_and_empty_footprints_have_no_ground(relief: Any, served: ServedGround) -> None:
    west, north = relief.fine[:2]
    found = served.lowest(np.array([None, Polygon(), _house(west + 500, north - 500, 9, 9, 0)], dtype=object))
    assert np.isnan(found).tolist() == [True, True, False]
    assert len(served.lowest(np.array([], dtype=object))) == 0
    assert np.isnan(served.lowest(np.array([None], dtype=object))).all()


def test_ground_that_is_not_built_or_not_whole_is_refused(relief: Any, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no terrain is built"):
        ServedGround.open(tmp_path, relief.crs, relief.geoid)
    shutil.copytree(relief.folder, tmp_path / "t")
    for tile in (tmp_path / "t").glob("13/*/*.terrain"):
        tile.unlink()
    broken = ServedGround.open(tmp_path / "t", relief.crs, relief.geoid)
    with pytest.raises(BadSource, match="layer.json promises"):
        broken.heights(np.array([[relief.fine[0] + 2000, relief.fine[1] - 2000]]))
    (tmp_path / "t" / "layer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadSource, match="not a terrain layer"):
        ServedGround.open(tmp_path / "t", relief.crs, relief.geoid)


def surface_height(mesh: Mesh, key: tuple[int, int, int], points: np.ndarray) -> np.ndarray:
    """Ellipsoidal heights of a decoded tile at lon/lat points within it, triangle by triangle: planes solved, not mixed."""
    box, heights = tile_box(*key), mesh.heights()
    found = []
    for lon, lat in points:
        u, v = (lon - box.west) / (box.east - box.west) * 64, (lat - box.south) / (box.north - box.south) * 64
        c, r = min(int(u), 63), min(int(v), 63)
        third = (r, c + 1) if u - c >= v - r else (r + 1, c)
        corners = [(r, c), (r + 1, c + 1), third]
        plane = np.linalg.solve([[b, a, 1] for a, b in corners], [heights[a, b] for a, b in corners])
        found.append(plane @ [u, v, 1])
    return np.array(found)


def test_no_building_floats_over_any_mesh_that_may_be_drawn_under_it(
    relief: Any, rough_ground: ServedGround, meshes: Any
) -> None:
    rng = np.random.default_rng(8)
    west, north = relief.fine[:2]
    houses = np.array(
        [
            _house(x, y, wide, deep, turn)
            for x, y, wide, deep, turn in zip(
                rng.uniform(west - 5000, west + 8000, 25),
                rng.uniform(north - 8000, north + 4000, 25),
                rng.uniform(5, 400, 25),
                rng.uniform(5, 900, 25),
                rng.uniform(0, 3, 25),
                strict=True,
            )
        ],
        dtype=object,
    )
    base, foot = rough_ground.stand(houses)
    assert (base == rough_ground.lowest(houses)).all()
    assert (foot <= base).all()
    assert (foot == np.floor(foot)).all()
    closest = np.inf
    for house, low in zip(houses, foot, strict=True):
        x, y = rng.uniform(house.bounds[0], house.bounds[2], 60), rng.uniform(house.bounds[1], house.bounds[3], 60)
        xy = np.concatenate([np.column_stack([x, y])[shapely.intersects_xy(house, x, y)], house.exterior.coords])
        lonlat = frames.transform(xy, relief.crs, frames.LONLAT)
        for key, mesh in meshes.items():
            box = tile_box(*key)
            inside = [box.contains(*point) for point in lonlat]
            if key[0] >= FOUNDATION_LEVEL and any(inside):
                points = lonlat[inside]
                above = surface_height(mesh, key, points) - relief.geoid.undulation(points) - low
                assert above.min() >= 0.0
                closest = min(closest, above.min())
    assert closest < 5.0  # no deeper than it must be


def test_where_a_building_stands_does_not_depend_on_its_neighbours(relief: Any, rough_ground: ServedGround) -> None:
    rng = np.random.default_rng(3)
    west, north = relief.fine[:2]
    x, y = rng.uniform(west - 2000, west + 6000, 60), rng.uniform(north - 6000, north + 2000, 60)
    houses = np.array([_house(a, b, 30, 200, 0.4) for a, b in zip(x, y, strict=True)], dtype=object)
    houses[7] = shapely.MultiPolygon([houses[7], houses[8]])
    base, foot = rough_ground.stand(houses)
    again = rough_ground.stand(houses[::-1])
    alone = [rough_ground.stand(houses[n : n + 1]) for n in range(len(houses))]
    assert (base == again[0][::-1]).all()
    assert (foot == again[1][::-1]).all()
    assert (base == np.concatenate([one[0] for one in alone])).all()
    assert (foot == np.concatenate([one[1] for one in alone])).all()


def test_a_building_as_large_as_a_town_stands_too(relief: Any, rough_ground: ServedGround) -> None:
    west, north = relief.fine[:2]
    town = np.array([_house(west + 2500, north - 2500, 6000, 5000, 0.2), None], dtype=object)
    base, foot = rough_ground.stand(town)
    assert foot[0] <= base[0]
    assert np.isnan([base[1], foot[1]]).all()
