"""The benchmarks of tiles without their clocks: the town, exact volumes by squares, views, a client that follows a root."""

import doctest
import hashlib
import json
import math
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from tests.bench import boxes, camera, follower, footprints, ground, prisms, process_memory, relief, tiletree, town
from tests.bench.line import Invalid
from tests.bench.lines import tiles_far

pytestmark = pytest.mark.long


@pytest.mark.parametrize("module", [prisms, boxes], ids=lambda module: module.__name__)
def test_the_examples_in_the_documentation_hold(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted > 0
    assert found.failed == 0


# --- the town --------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_town_and_a_larger_one_holds_the_smaller_ones_plots() -> None:
    few, more, other = (pd.concat(list(town.chunks(count, seed))) for count, seed in ((400, 1), (900, 1), (400, 2)))
    again = pd.concat(list(town.chunks(400, 1)))
    assert few.equals(again)
    assert not shapely.equals_exact(few.geometry.to_numpy(), other.geometry.to_numpy()).all()
    plots = [
        {(round(x / 22.0), round(y / 24.0)) for x, y in shapely.get_coordinates(frame.geometry.centroid) - town.CENTRE}
        for frame in (few, more)
    ]
    assert plots[0] <= plots[1]


def test_the_town_is_mixed_valid_apart_and_has_what_tiles_are_made_of() -> None:
    frame = next(town.chunks(5_000))
    shapes = frame.geometry.to_numpy()
    corners = shapely.get_num_coordinates(shapes) - 1 - shapely.get_num_interior_rings(shapes)
    assert set(corners.tolist()) == {4, 6, 8, 12, 16, 24}
    assert 0.08 < (corners >= 16).mean() < 0.12
    assert shapely.is_valid(shapes).all()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=2.0)
    assert (left == right).all()
    assert frame["id"].is_unique
    assert frame["name"].notna().sum() == 500
    assert frame["accuracy_m"].notna().any()
    assert frame["accuracy_m"].isna().any()
    assert frame["height_m"].between(3.0, 100.0).all()
    assert (frame["height_m"] > 30.0).any()


def test_a_town_of_a_million_lies_within_the_city_and_on_its_ground() -> None:
    reach = np.sqrt(1_000_000 / 0.45) / 2.0 * footprints.PLOT_M + 4_000.0
    box = ground.city().frame_box()
    assert box.contains(town.CENTRE[0] - reach, town.CENTRE[1] - reach)
    assert box.contains(town.CENTRE[0] + reach, town.CENTRE[1] + reach)
    plots = town._plots(50_000, 1)
    assert np.abs(plots).max() * footprints.PLOT_M < np.sqrt(50_000 / 0.45) / 2.0 * footprints.PLOT_M + 4_000.0


def test_hills_have_relief_and_the_plain_has_none() -> None:
    xy = np.random.default_rng(3).uniform(-6_000.0, 6_000.0, (500, 2)) + town.CENTRE
    assert np.ptp(relief.heights(xy, hilly=False)) == 0.0
    assert np.ptp(relief.heights(xy, hilly=True)) > 50.0


# --- volumes ---------------------------------------------------------------------------------------------------------


@dataclass
class Soup:
    """Triangles as a model gives them."""

    corners: np.ndarray

    def ecef(self) -> np.ndarray:
        return self.corners.reshape(-1, 3)

    def triangles(self) -> np.ndarray:
        return np.arange(len(self.ecef())).reshape(-1, 3)


def _by_hand(shapes: np.ndarray, plane: np.ndarray) -> dict[tuple[int, int], float]:
    """Every square with every shape, one by one: the oracle."""
    total: Counter[tuple[int, int]] = Counter()
    for shape, (level, east, north) in zip(shapes, plane, strict=True):
        for i in range(-5, 6):
            for j in range(-5, 6):
                piece = shape.intersection(shapely.box(i * 250, j * 250, i * 250 + 250, j * 250 + 250))
                if piece.area > 0:
                    total[(i, j)] += piece.area * (level + east * piece.centroid.x + north * piece.centroid.y)
    return dict(total)


def test_volumes_by_square_are_those_of_every_square_cut_by_hand() -> None:
    rng = np.random.default_rng(8)
    centre, size = rng.uniform(-900, 900, (60, 2)), rng.uniform(5, 250, 60)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (60, 7)), axis=1)
    rings = centre[:, None] + size[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=2)
    shapes = np.asarray(shapely.polygons(rings), dtype=object)
    plane = np.column_stack([rng.uniform(3, 60, 60), rng.uniform(-0.01, 0.01, (60, 2))])
    found = prisms.spread(shapes, plane)
    wanted = _by_hand(shapes, plane)
    assert len(found) == len(wanted)
    assert sorted(found.values()) == pytest.approx(sorted(wanted.values()))
    assert sum(found.values()) == pytest.approx(
        sum(
            shape.area * (plane[k] @ [1.0, shape.centroid.x, shape.centroid.y])
            for k, shape in enumerate(shapes.tolist())
        )
    )


def test_a_drawn_box_has_the_volume_that_stands_above_the_ground() -> None:
    frame = next(town.chunks(40))
    box = boxes.corners(frame)
    roof = box[:, [4, 5, 6, 4, 6, 7]].reshape(-1, 3, 3)
    floor = box[:, [0, 2, 1, 0, 3, 2]].reshape(-1, 3, 3)  # looks down: does not count
    wall = box[:, [0, 1, 5]]
    sunk = np.concatenate([roof, floor, wall])

    def plain(plan: np.ndarray, lonlat: np.ndarray) -> np.ndarray:
        return np.full(len(plan), relief.PLAIN_M + 1.0)

    found = prisms.drawn(Soup(sunk), plain)  # type: ignore[arg-type]
    envelopes = np.asarray(shapely.envelope(frame.geometry.to_numpy()), dtype=object)
    wanted = prisms.raised(envelopes, frame["height_m"].to_numpy() - 1.0)
    assert found.keys() == wanted.keys()
    assert list(found.values()) == pytest.approx([wanted[key] for key in found], rel=1e-5)


def test_errors_count_what_is_missing_and_what_stands_where_nothing_is() -> None:
    found = tiles_far.errors({1: 90.0, 2: 100.0, 9: 10.0}, {1: 100.0, 2: 100.0, 3: 0.5})
    assert found.whole == pytest.approx((10.0 + 0.0 + 0.5 + 10.0) / 200.5)
    assert found.total == pytest.approx(200.0 / 200.5)
    assert (found.squares, found.largest, found.mean) == (2, pytest.approx(0.1), pytest.approx(0.05))


# --- views -----------------------------------------------------------------------------------------------------------


def test_both_cameras_are_30_km_above_the_ground_and_see_60_degrees_across() -> None:
    for view, distance in zip(camera.CAMERAS, (30_000.0, 30_000.0 * math.sqrt(2.0)), strict=True):
        told = view.view(1_024.0)
        _, lonlat, height = prisms.placed(np.array([told["position"], told["target"]]))
        assert math.dist(told["position"], told["target"]) == pytest.approx(distance)
        assert height[0] == pytest.approx(31_024.0, abs=100.0)  # the ellipsoid curves away under a camera to the south
        assert height[1] == pytest.approx(1_024.0, abs=1e-3)
        assert lonlat[0, 1] <= lonlat[1, 1] + 1e-9
        across = 2 * math.atan(math.tan(math.radians(told["fovy"]) / 2) * told["width"] / told["height"])
        assert math.degrees(across) == pytest.approx(60.0)


# --- a client that follows -------------------------------------------------------------------------------------------


class Shelf:
    """Contents under the names of their bytes, and a root."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def __call__(self, name: str) -> bytes:
        return self.files[name]

    def put(self, kind: str, data: bytes) -> str:
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.{kind}"
        self.files[f"c/{name}"] = data
        return name

    def publish(self, leaf: bytes) -> None:
        unit = {"content": {"uri": self.put("glb", b"unit of " + leaf)}, "children": [_tile(self.put("glb", leaf))]}
        nested = self.put("json", json.dumps({"root": {"children": [unit]}}).encode())
        children = [_tile(f"../c/{nested}"), _tile(f"../c/{self.put('glb', b'beside')}")]
        root = {"content": {"uri": f"../c/{self.put('glb', b'root of ' + leaf)}"}, "children": children}
        self.files["city/tileset.json"] = json.dumps({"root": root}).encode()


def _tile(uri: str) -> dict[str, Any]:
    return {"content": {"uri": uri}}


def test_depth_counts_models_on_the_way_and_not_the_files_between() -> None:
    shelf = Shelf()
    shelf.publish(b"leaf")
    found = {shelf.files[f"c/{entry.name}"]: entry for entry in tiletree.walk(shelf)}
    assert {data: entry.depth for data, entry in found.items()} == {
        b"root of leaf": 0,
        b"unit of leaf": 1,
        b"leaf": 2,
        b"beside": 1,
    }
    assert [data for data, entry in found.items() if entry.is_finest] == [b"leaf", b"beside"]
    assert [name.partition(".")[2] for name in found[b"leaf"].path] == ["glb", "json", "glb", "glb"]


def _says(data: bytes) -> list[float]:
    return [5.0] if data == b"other" else []


def test_a_follower_fetches_only_what_it_has_not_got() -> None:
    shelf = Shelf()
    shelf.publish(b"leaf")
    held = follower.names(shelf)
    shelf.publish(b"other")
    found = follower.follow(shelf, held, _says)
    kinds = Counter(name.partition(".")[2] for name in found.new)
    assert kinds == {"glb": 3, "json": 1}
    assert b"beside" not in found.new.values()
    assert (found.depth, found.heights) == (2, (5.0,))
    assert follower.follow(shelf, held | found.new.keys(), _says).new == {}


def test_a_content_under_a_name_that_is_not_its_own_is_refused() -> None:
    shelf = Shelf()
    shelf.publish(b"leaf")
    name = next(name for name in shelf.files if name.endswith(".glb"))
    shelf.files[name] += b"!"
    with pytest.raises(Invalid, match="not named by its bytes"):
        follower.follow(shelf, frozenset(), _says)


# --- memory ----------------------------------------------------------------------------------------------------------

_GREEDY = "import sys, subprocess, time; held = bytearray(b'x') * {mib} * 1024 ** 2; {then}; time.sleep(0.4)"


def test_the_peak_is_of_a_process_and_its_children_together() -> None:
    child = _GREEDY.format(mib=40, then="pass")
    parent = _GREEDY.format(mib=60, then=f"subprocess.run([sys.executable, '-c', {child!r}])")
    peak = process_memory.watched([sys.executable, "-c", parent], {})
    assert peak.processes == 2
    assert 100.0 < peak.pss_mib < 160.0
    assert peak.rss_mib >= peak.pss_mib


def test_a_command_that_fails_has_no_peak() -> None:
    with pytest.raises(Invalid, match="nothing left"):
        process_memory.watched([sys.executable, "-c", "import sys; sys.exit('nothing left')"], {})
