"""The tree's laws: leaves hold every row once and are small enough, regions contain, JSON is what the standard says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilesets import spec
from tilesets.spec import Region, cover, outward
from tilesets.tree import Cell, Node, above, leaves, tile


@given(st.lists(st.integers(0, 4**6 - 1), max_size=60), st.integers(1, 400))
def test_leaves_hold_every_row_once_and_are_small_or_single_cells(keys: list[int], target: int) -> None:
    rows = np.sort(np.array(keys, dtype=np.int64))
    cost = 1 + rows % 97
    found = list(leaves(rows, cost, Cell(0, 6), target))
    spans = [np.searchsorted(rows, cell.span()).tolist() for cell in found]
    assert [row for start, stop in spans for row in range(start, stop)] == list(range(len(rows)))
    for cell, (start, stop) in zip(found, spans, strict=True):
        mine = slice(start, stop)
        assert (rows[mine] >> (2 * cell.depth) == cell.key).all()
        assert cost[mine].sum() <= target or cell.depth == 0


def test_a_leaf_is_a_function_of_its_own_rows() -> None:
    rows = np.sort(np.random.default_rng(1).integers(0, 4**6, 300))
    cost = np.full(300, 10)
    before = {(c.key, c.depth) for c in leaves(rows, cost, Cell(0, 6), 500)}
    corner = (rows >> 10) == 0
    fewer, less = np.delete(rows, np.flatnonzero(corner)[:5]), cost[5:]
    after = {(c.key, c.depth) for c in leaves(fewer, less, Cell(0, 6), 500)}
    elsewhere = {(key, depth) for key, depth in before if key >> (2 * (5 - depth)) != 0}
    assert elsewhere <= after


def test_the_cell_above_holds_them_all() -> None:
    assert above([5], 8) == Cell(5, 8)
    assert above([0b0100, 0b0111], 0) == Cell(1, 1)
    assert above([0, 3 << 4], 2) == Cell(0, 5)


@given(st.lists(st.tuples(st.floats(1.9, 2.0), st.floats(0.6, 0.7), st.floats(-50, 3000)), min_size=2, max_size=6))
def test_a_cover_contains_and_rounding_only_grows(points: list[tuple[float, float, float]]) -> None:
    exact = [Region(x, y, x + 1e-5, y + 1e-5, z, z + 9.37) for x, y, z in points]
    rounded = [outward(r.west, r.south, r.east, r.north, r.low, r.high) for r in exact]
    assert all(wide.contains(narrow) for wide, narrow in zip(rounded, exact, strict=True))
    assert all(cover(rounded).contains(region) for region in rounded)


def test_a_tile_is_written_as_3d_tiles_says() -> None:
    region = Region(1.97, 0.69, 1.98, 0.7, 1000.0, 1100.0)
    node = Node(region, 64.0, "a.glb", (Node(region, 0.0, "b.glb"),))
    document = spec.tileset(tile(node, "../c/"), 256.0)
    assert spec.encode(document).decode() == (
        '{"asset":{"version":"1.1","generator":"datong-cim"},"geometricError":256.0,"root":{"boundingVolume":{"region":'
        '[1.97,0.69,1.98,0.7,1000.0,1100.0]},"geometricError":64.0,"refine":"REPLACE","content":{"uri":"../c/a.glb"},'
        '"children":[{"boundingVolume":{"region":[1.97,0.69,1.98,0.7,1000.0,1100.0]},"geometricError":0.0,'
        '"refine":"REPLACE","content":{"uri":"../c/b.glb"}}]}}'
    )


def test_a_region_that_is_not_finite_is_never_written() -> None:
    node = Node(Region(0.0, 0.0, 1.0, 1.0, float("nan"), 1.0), 0.0, None)
    with pytest.raises(ValueError, match="Out of range"):
        spec.encode(spec.tileset(tile(node), 1.0))
