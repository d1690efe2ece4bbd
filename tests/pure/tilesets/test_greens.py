"""Trees and street furniture as tiles: where they stand, what holds them, what an edit renames; streets on the ground."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from cim.crs import LONLAT, to_ecef, transform
from cim.types import Box
from tests.glb import Glb, parse
from tests.green_rows import Tiled, fixtures, grounds, words
from tests.sample_city import CENTRE, CRS, UNDULATION_M, Even
from tests.tileset_walk import Memory
from tilesets.gltf.instances import LEAF, quaternions
from tilesets.gltf.placement import frame_at
from tilesets.greens import units
from tilesets.greens.areas import areas
from tilesets.greens.content import Planted, content
from tilesets.greens.kinds import WORDS, Shape
from tilesets.greens.models import SIZES, model
from tilesets.greens.paving import LIFT_M, Laid, pave, region, sheet
from tilesets.greens.planting import plant
from tilesets.spec import Region
from tilesets.tree import UNIT_DEPTH

BENCH_STREET = grounds((shapely.LineString([(-600, 0), (600, 0)]), 8.0))
_TO_LONLAT = Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)


def planted(count: int = 60, **stated: float) -> Planted:
    found, left_out = plant(fixtures(count, **stated), BENCH_STREET, Tiled(), Even(), CRS)
    assert left_out.count == 0
    return found


def drawn(glb: Glb) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every vertex of every instance (v, 3), earth-centred, as a client puts it there; its feature; its foot."""
    outer, *nodes = glb.document["nodes"]
    matrix = np.array(outer["matrix"]).reshape(4, 4).T
    places, features, feet = [], [], []
    for node in nodes:
        primitive = glb.document["meshes"][node["mesh"]]["primitives"][0]
        mesh = glb.accessor(primitive["attributes"]["POSITION"])
        if "extensions" not in node:
            local, feature = (
                mesh / 32767.0 * node["scale"],
                glb.accessor(primitive["attributes"]["_FEATURE_ID_0"]) + 2**20,
            )
            foot = local
        else:
            at = node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]
            move, turn, scale, feature = (
                glb.accessor(at[name]).astype(np.float64)
                for name in ("TRANSLATION", "ROTATION", "SCALE", "_FEATURE_ID_0")
            )
            angle = 2.0 * np.arctan2(turn[:, 2], turn[:, 3])
            one = (mesh / 32767.0)[None] * scale[:, None]
            x = one[..., 0] * np.cos(angle)[:, None] - one[..., 1] * np.sin(angle)[:, None]
            y = one[..., 0] * np.sin(angle)[:, None] + one[..., 1] * np.cos(angle)[:, None]
            local = (np.stack([x, y, one[..., 2]], axis=-1) + move[:, None]).reshape(-1, 3)
            feature, foot = np.repeat(feature, len(mesh)), np.repeat(move, len(mesh), axis=0)
        for found, here in ((places, local), (feet, foot)):
            world = here @ matrix[:3, :3].T + matrix[:3, 3]
            found.append(np.column_stack([world[:, 0], -world[:, 2], world[:, 1]]))
        features.append(feature)
    return np.vstack(places), np.concatenate(features), np.vstack(feet)


def within(region: Region, ecef: np.ndarray) -> bool:
    lon, lat, high = _TO_LONLAT.transform(*ecef.T)
    lon, lat = np.radians(lon), np.radians(lat)
    inside = (lon >= region.west) & (lon <= region.east) & (lat >= region.south) & (lat <= region.north)
    return bool((inside & (high >= region.low) & (high <= region.high)).all())


@pytest.mark.parametrize("near", [True, False])
def test_each_stands_on_its_ground_at_its_own_size_and_the_region_holds_all_of_it(near: bool) -> None:
    rows = planted()
    made = content(rows, frame_at(*CENTRE, CRS), near=near)
    assert made is not None
    glb = parse(made[0])
    at, feature, feet = drawn(glb)
    assert within(made[1], at)
    ids = glb.table()["id"][feature.astype(int)]
    lonlat = transform(rows.rows.xy, CRS, LONLAT)
    ground = Tiled().heights(rows.rows.xy) + UNDULATION_M
    foot = dict(zip(rows.rows.id.tolist(), to_ecef(np.column_stack([lonlat, ground])), strict=True))
    assert np.allclose(feet, np.array([foot[one] for one in ids.tolist()]), atol=2e-3)
    above = dict(zip(rows.rows.id.tolist(), ground.tolist(), strict=True))
    stated = dict(zip(rows.rows.id.tolist(), rows.rows.height_m.tolist(), strict=True))
    high = _TO_LONLAT.transform(*at.T)[2]
    for one in np.unique(ids).tolist():
        if not np.isnan(stated[one]):
            assert high[ids == one].max() - above[one] == pytest.approx(stated[one], abs=0.01)
    expected = rows.rows.id if near else rows.rows.id[rows.rows.layer == "trees"]  # benches are too low to be seen afar
    assert set(ids.tolist()) <= set(expected.tolist())
    assert not near or set(ids.tolist()) == set(expected.tolist())


def test_turns_are_unit_quaternions_and_every_attribute_comes_back() -> None:
    turn = quaternions(np.linspace(-9.0, 9.0, 50))
    assert np.allclose(np.linalg.norm(turn, axis=1), 1.0, atol=1e-6)
    rows = planted()
    made = content(rows, frame_at(*CENTRE, CRS), near=True)
    assert made is not None
    table = parse(made[0]).table()
    assert table["id"].tolist() == rows.rows.id.tolist()
    assert table["shape"].tolist() == rows.shape.tolist()
    assert table["species"] == [one or "" for one in rows.rows.species.tolist()]
    assert np.allclose(table["height"], np.nan_to_num(rows.rows.height_m, nan=-1.0))
    assert table["is_synthetic"].all()


def test_furniture_faces_its_street() -> None:
    rows = planted(40, width_m=40.0)
    bench = rows.rows.layer == "components"
    front = np.column_stack([np.sin(rows.turn), -np.cos(rows.turn)])[bench]
    north = rows.rows.xy[bench, 1] > CENTRE[1]
    assert bench.sum() == 8
    assert np.allclose(front, np.column_stack([np.zeros(8), np.where(north, -1.0, 1.0)]), atol=1e-6)


NO_TOWN = np.array([], dtype=np.int64)


def made(rows: Planted, town: np.ndarray = NO_TOWN) -> Memory:
    sink = Memory()
    laid = Laid(BENCH_STREET, areas(BENCH_STREET), Tiled(), Even())
    keys = units.cell_keys(rows.rows.xy) >> (2 * UNIT_DEPTH)
    assert len(np.unique(keys)) == 1
    unit = units.make(int(keys[0]), rows, laid, town, CRS, sink, 256 * 1024)
    assert unit.tiles == sum(name.endswith(".glb") for name in sink.contents)
    return sink


@pytest.mark.long
def test_the_order_in_which_rows_come_changes_no_byte() -> None:
    rows = fixtures(80)
    shuffled = rows.take(np.random.default_rng(1).permutation(80))
    one, other = (plant(r, BENCH_STREET, Tiled(), Even(), CRS)[0] for r in (rows, shuffled))
    assert made(one).contents == made(other).contents
    assert units.fingerprint(one, BENCH_STREET, NO_TOWN) == units.fingerprint(other, BENCH_STREET, NO_TOWN)


def test_one_tree_grown_renames_its_tile_and_those_above_it_only() -> None:
    before = made(planted(80))
    rows = fixtures(80)
    height = rows.height_m.copy()
    height[11] += 0.5
    grown, _ = plant(replace(rows, height_m=height), BENCH_STREET, Tiled(), Even(), CRS)
    after = made(grown)
    new = after.contents.keys() - before.contents.keys()
    assert sorted(name[-4:] for name in new) == [".glb", ".glb", "json"]  # near, far, and the unit's tree
    assert len(after.contents) == len(before.contents) > 6


def test_what_has_no_model_and_what_has_no_ground_is_told_and_left_out() -> None:
    class Half(Tiled):
        def heights(self, xy: np.ndarray) -> np.ndarray:
            return np.where(xy[:, 0] < CENTRE[0], super().heights(xy), np.nan)

    rows = fixtures(20)
    rows = replace(rows, kind=words(["报刊亭" if k == 4 else one for k, one in enumerate(rows.kind)]))
    found, left_out = plant(rows, BENCH_STREET, Half(), Even(), CRS)
    assert left_out.words == {"报刊亭": 1}
    assert left_out.no_ground + len(found) == 19
    assert 0 < left_out.no_ground < 19


@pytest.mark.parametrize("shape", list(Shape))
def test_models_are_light_and_as_large_as_they_say(shape: Shape) -> None:
    near, far, size = model(shape, near=True), model(shape, near=False), SIZES[shape]
    assert near is not None
    assert 20 <= len(near.triangles) <= 450
    for solid in (near, far):
        if solid is not None:
            assert solid.position[:, 2].max() == pytest.approx(size.height)
            assert np.ptp(solid.position[:, :2], axis=0).max() == pytest.approx(size.width)
            assert np.allclose(np.linalg.norm(solid.normal, axis=1), 1.0)
            assert set(solid.triangles.ravel().tolist()) == set(range(len(solid.position)))
    assert far is None or len(far.triangles) <= 72
    assert any(shape in known.values() for known in WORDS.values())


def test_crowns_are_leaves_dark_below_and_light_above_and_nothing_else_is() -> None:
    for shape in Shape:
        for near in (True, False):
            made = model(shape, near=near)
            if made is None:
                continue
            leaf = made.leaves()
            assert leaf.any() == (shape <= Shape.shrub)
            if shape <= Shape.shrub:
                height, bright = made.position[leaf, 2], made.colour[leaf].astype(float).mean(axis=1)
                half = np.median(height)
                assert bright[height > half].mean() > bright[height <= half].mean()
                assert (made.colour[leaf, 1] >= made.colour[leaf, 0]).all()  # green


def test_leaves_keep_their_mark_in_a_tile() -> None:
    made = content(planted(), frame_at(*CENTRE, CRS), near=True)
    assert made is not None
    glb = parse(made[0])
    seen = set()
    for primitive in glb.primitives():
        if glb.document["accessors"][primitive["attributes"]["COLOR_0"]]["type"] == "VEC4":
            seen |= set(glb.accessor(primitive["attributes"]["COLOR_0"])[:, 3].tolist())
    assert seen == {LEAF, 255}


def test_streets_lie_on_the_triangles_of_the_ground_and_each_place_once() -> None:
    pond = shapely.Point(60, 40).buffer(30)
    rows = grounds(
        (shapely.LineString([(-200, 10), (200, 30)]), 12.0), (shapely.LineString([(3, -90), (15, 90)]), 5.0),
        (pond, np.nan), (shapely.LineString([(0, 0), (9, 9)]), 4.0),
    )  # fmt: skip
    box = Box(CENTRE[0] - 70.0, CENTRE[1] - 70.0, CENTRE[0] + 70.0, CENTRE[1] + 70.0)
    paving = pave(rows, areas(rows), box, Tiled(), Even(), CRS)
    assert paving is not None
    corners = paving.xy[paving.triangles]
    triangles = shapely.polygons(corners)
    whole = shapely.intersection(shapely.union_all(areas(rows).shape), shapely.box(*box.as_tuple()))
    assert shapely.area(triangles).sum() == pytest.approx(whole.area, rel=2e-3)
    assert shapely.union_all(shapely.buffer(triangles, 1e-6)).area == pytest.approx(whole.area, rel=2e-3)
    share = np.random.default_rng(2).dirichlet([1.0, 1.0, 1.0], len(corners))
    inside = (corners * share[..., None]).sum(axis=1)
    height = (paving.height_m[paving.triangles] * share).sum(axis=1)
    assert np.allclose(height, Tiled().heights(inside) + UNDULATION_M + LIFT_M, atol=1e-3)
    at = frame_at(*CENTRE, CRS)
    lying, table = sheet(paving, at)
    assert table.count == 4
    ecef = lying.position @ at.axes + at.origin
    assert within(region(paving, CRS), ecef)
    assert (shapely.is_ccw(shapely.linearrings(corners))).all()
