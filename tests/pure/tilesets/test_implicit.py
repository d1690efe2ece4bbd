"""The implicit export: by the rules, the same tiles in the same order as published, and what it refuses."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from api.arguments import parser
from api.commands.build import export_implicit, run
from api.terminal import Terminal
from cim.errors import BadInput, BadSource
from cim.settings import Settings
from cim.types import Box
from tests.conftest import CHECKOUT
from tests.glb import parse
from tests.little_tilesets import little
from tests.sample_city import CRS, Even, Slope
from tests.tileset_rules.check import check_folder
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Folder
from tests.tileset_rules.tile import Tile
from tests.tileset_rules.volumes import Points, Volume
from tests.tileset_rules.walk import Walk
from tests.tileset_walk import Memory
from tilesets.city.build import build_city
from tilesets.implicit import ImplicitReport, export
from tilesets.implicit.quadtree import Drawn, Square, rooted, slots
from tilesets.implicit.root_box import root_box
from tilesets.implicit.subtree import SUBTREE_LEVELS, Member, encode
from tilesets.spec import Region

pytestmark = pytest.mark.long

TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
TO_LONLAT = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)
SOMEWHERE = Region(0.0, 0.0, 1.0, 1.0, 0.0, 1.0)


@pytest.fixture(scope="module", params=["compact", "wide"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little city over two districts, as published: with a root that only leads on, and with one that draws."""
    sink = little(300, 2_000, wide=request.param == "wide")
    return sink.laid(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def exported(published: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ImplicitReport]:
    out = tmp_path_factory.mktemp("implicit")
    return out, export(published, "city", out, crs=CRS)


def tree(folder: Path, uri: str) -> Tile:
    root = Walk(Folder(folder), Report()).tileset(uri, None)
    assert root is not None
    return root


def drawing(root: Tile) -> list[Tile]:
    return [tile for tile in root.walk() if tile.draws]


def told(folder: Path, root: Tile) -> dict[bytes, tuple[Any, ...]]:
    """Each model by its bytes: its region, its error, and the model it takes the place of."""
    shelf = Folder(folder)
    bytes_of = {id(tile): shelf.read(tile.links[0].uri) or b"" for tile in drawing(root)}
    above = {id(tile): next((a for a in tile.above() if a.draws), None) for tile in drawing(root)}
    return {
        bytes_of[id(tile)]: (
            tile.volume.numbers if tile.volume else None,
            tile.error,
            bytes_of[id(parent)] if (parent := above[id(tile)]) else None,
        )
        for tile in drawing(root)
    }


def test_an_exported_city_breaks_no_rule(exported: tuple[Path, ImplicitReport]) -> None:
    out, wrote = exported
    report = check_folder(out, "tileset.json")
    assert report.violations == []
    assert (report.tiles, report.contents, report.subtrees) == (wrote.tiles, wrote.contents, wrote.subtrees)
    assert wrote.subtrees > 1
    grid = json.loads((out / "tileset.json").read_text())["extras"]["grid"]
    assert (grid["crs"], grid["west"] % 64, grid["south"] % 64) == (CRS, 0, 0)
    assert wrote.size_bytes == sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def test_the_same_models_replace_the_same_models(published: Path, exported: tuple[Path, ImplicitReport]) -> None:
    before, after = tree(published, "city/tileset.json"), tree(exported[0], "tileset.json")
    assert told(published, before) == told(exported[0], after)


def test_an_empty_tile_is_passed_whenever_the_one_above_is_replaced(exported: tuple[Path, ImplicitReport]) -> None:
    """Or with the top itself, where nothing above it draws."""
    top, *below = tree(exported[0], "tileset.json").walk()
    empty = [tile for tile in below if not tile.draws]
    assert empty
    for tile in empty:
        above = next((a for a in tile.above() if a.draws), top)
        assert tile.error == above.error
        assert tile.volume
        assert above.volume
        assert tile.volume.numbers == above.volume.numbers


def test_models_lie_near_the_squares_that_subdivision_alone_gives_them(exported: tuple[Path, ImplicitReport]) -> None:
    out, _ = exported
    box = json.loads((out / "tileset.json").read_text())["root"]["boundingVolume"]["box"]
    root, near = Volume("box", tuple(box), np.eye(4)), 0
    shelf = Folder(out)
    for tile in drawing(tree(out, "tileset.json")):
        level, x, y = map(int, tile.links[0].uri.removesuffix(".glb").split("/")[-3:])
        part = root.part(level, x, y, 0, is_octree=False)
        side = 2.0 * float(np.linalg.norm(part.numbers[3:6]))
        away = part.outside(Points.of(parse(shelf.read(tile.links[0].uri) or b"").ecef()))
        near += away < 40.0  # a building belongs to the cell of a point in it: half of it may stick out
        assert away < side + 40.0  # a cell drawn finer within itself stands in a quarter of it
    assert near > 0.75 * len(drawing(tree(out, "tileset.json")))


@pytest.mark.parametrize(("depth", "reach_m", "metres"), [(6, 2_000, 0.1), (9, 16_000, 0.5), (14, 40_000, 5.0)])
def test_the_root_box_is_cut_where_the_grid_is(depth: int, reach_m: float, metres: float) -> None:
    """Within the extent of the city, however large the square that holds it."""
    half, centre = 32.0 * 2**depth, np.array([439_876.0, 4_439_760.0])
    corner = centre // (2 * half) * (2 * half)
    extent = Box(*(centre - reach_m), *(centre + reach_m))
    box = root_box(Box(*corner, *(corner + 2 * half)), extent, Region(1.97, 0.699, 1.98, 0.70, 1000, 1200), CRS)
    plan = centre + reach_m * np.array([(-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0), (0.5, -0.3)])
    offset = np.column_stack(TO_ECEF.transform(*TO_LONLAT.transform(*plan.T), np.full(len(plan), 1100.0))) - box[:3]
    axes = np.array(box[3:]).reshape(3, 3)[:2]
    half_m = np.linalg.norm(axes, axis=1)
    wanted = ((plan - corner) / half - 1.0) * half_m
    assert np.linalg.norm(offset @ axes.T / half_m - wanted, axis=1).max() < metres


# --- the quadtree ----------------------------------------------------------------------------------------------------


@st.composite
def published_trees(draw: st.DrawFn) -> Drawn:
    """Random trees over a quadtree: levels left out, leaves drawn once more in the same cell or in parts of it."""

    def grown(square: Square, name: str, depth: int) -> Drawn:
        children: list[Drawn] = []
        if depth and square.depth > 0:
            for number, quarter in enumerate(square.quarters()):
                for _ in range(draw(st.integers(0, min(2, quarter.depth)))):
                    quarter = quarter.quarters()[draw(st.integers(0, 3))]
                if draw(st.booleans()):
                    children.append(grown(quarter, f"{name}/{number}", depth - 1))
        if not children and draw(st.booleans()):
            children = [Drawn(square, SOMEWHERE, 0.0, f"{name}/same", SOMEWHERE)]
        return Drawn(square, SOMEWHERE, float(depth), name, SOMEWHERE, tuple(children))

    return grown(Square(draw(st.integers(0, 9)), 5, 3), "root", 4)


@settings(max_examples=60)
@given(root=published_trees())
def test_counting_from_the_corner_of_the_city_moves_no_tile_and_leaves_no_level_to_spare(root: Drawn) -> None:
    moved, origin = rooted(root)
    for before, after in zip(_every(root)[1:], _every(moved)[1:], strict=True):
        assert (before.uri, before.square.depth) == (after.uri, after.square.depth)
        ways = origin.depth - after.square.depth
        assert before.square.x == after.square.x + (origin.x << ways)
        assert before.square.y == after.square.y + (origin.y << ways)
        assert moved.square.holds(after.square)
    assert (moved.square.x, moved.square.y) == (0, 0)
    assert moved.square.depth <= root.square.depth
    quarters = {quarter for quarter in moved.square.quarters() for d in _every(moved)[1:] if quarter.holds(d.square)}
    assert len(quarters) != 1 or moved.square.depth == origin.depth + 1


@settings(max_examples=60)
@given(root=published_trees())
def test_every_tile_is_reached_and_stands_under_the_one_it_replaces(root: Drawn) -> None:
    found = slots(root)
    at = {slot.square: slot for slot in found}
    assert len(at) == len(found)
    assert found[0].square == root.square
    parents = {child.uri: drawn.uri for drawn in _every(root) for child in drawn.children}
    assert {slot.content.uri for slot in found if slot.content} == {"root", *parents}
    for slot in found[1:]:
        chain = [slot.square.above(depth) for depth in range(slot.square.depth + 1, root.square.depth + 1)]
        assert all(square in at for square in chain)
        above = next(c for c in (at[square].content for square in chain) if c)
        if slot.content:
            assert above.uri == parents[slot.content.uri]
        assert slot.error == (slot.content.error if slot.content else above.error)
        inside = slot.content and (slot.square.holds(slot.content.square) or slot.content.square.holds(slot.square))
        assert inside or not slot.content


def _every(drawn: Drawn) -> list[Drawn]:
    return [drawn, *(below for child in drawn.children for below in _every(child))]


@given(places=st.sets(st.integers(0, (4**SUBTREE_LEVELS - 1) // 3 - 1), min_size=1, max_size=40))
def test_a_subtree_holds_its_tiles_in_the_order_of_the_standard(places: set[int]) -> None:
    members = [_member(place) for place in places]
    assert sorted(member.index() for member in members) == sorted(places)
    for one, other in pairwise(sorted(members, key=Member.index)):
        assert one.level <= other.level
    data = encode(members, [])
    assert data == encode(list(reversed(members)), [])
    assert len(data) % 8 == 0


def _member(place: int) -> Member:
    """The tile of a bit, by walking down from the root: each level four times as many."""
    level, start = 0, 0
    while place >= start + 4**level:
        start, level = start + 4**level, level + 1
    x = y = 0
    for digit in np.base_repr(place - start, 4).zfill(level)[-level:] if level else "":
        x, y = 2 * x + int(digit) % 2, 2 * y + int(digit) // 2
    return Member(level, x, y, SOMEWHERE, float(place), SOMEWHERE if place % 3 else None)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_folder_with_something_in_it_is_refused_and_left_alone(published: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="not empty"):
        export(published, "city", tmp_path, crs=CRS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_refuses_a_folder_with_something_in_it_before_it_does_anything(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    settings = Settings(data=tmp_path / "var", city_file=CHECKOUT / "city.toml")
    parsed = parser().parse_args(["build", "city", "--implicit", str(tmp_path)])
    with pytest.raises(BadInput, match="not empty"):
        run(settings, parsed, Terminal())
    assert not (tmp_path / "var").exists()


def test_a_tileset_that_is_not_built_is_refused_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cim build city"):
        export(tmp_path, "city", tmp_path / "out", crs=CRS)


def _spoilt(change: Callable[[dict[str, Any]], None], folder: Path, published: Path) -> Path:
    """The tileset with a change to the first tile that draws."""
    sink = Memory.of(published, "city")
    document = json.loads(sink.roots["city"])
    top = document["root"]
    change(top if "content" in top else top["children"][0])
    sink.roots["city"] = json.dumps(document).encode()
    return sink.laid(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tile: tile.pop("extras"), "says None for its grid cell"),
        (lambda tile: tile.update(extras={"cell": "9/-1/0"}), "expected depth/x/y"),
        (lambda tile: tile.update(extras={"cell": "9/0/0"}), "does not lie within its parent's"),
        (lambda tile: tile.update(refine="ADD"), "expected REPLACE"),
        (lambda tile: tile["content"].update(uri="../c/0123.glb"), "cannot be read"),
    ],
    ids=["no cell", "a cell that is none", "a cell elsewhere", "refinement by adding", "a lost model"],
)
def test_a_tree_that_does_not_stand_on_the_grid_is_refused(
    published: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    spoilt = _spoilt(change, tmp_path / "tiles", published)
    with pytest.raises(BadSource, match=words):
        export(spoilt, "city", tmp_path / "out", crs=CRS)
    assert not (tmp_path / "out" / "tileset.json").exists()


def test_an_empty_city_has_nothing_to_export(tmp_path: Path) -> None:
    sink = Memory()
    build_city([], Slope(), Even(), CRS, sink)
    with pytest.raises(BadInput, match="nothing to export"):
        export(sink.laid(tmp_path / "tiles"), "city", tmp_path / "out", crs=CRS)


def test_the_command_says_what_it_wrote(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], exported: tuple[Path, ImplicitReport]
) -> None:
    (tmp_path / "tiles").symlink_to(published)
    settings = Settings(data=tmp_path, city_file=CHECKOUT / "city.toml")
    export_implicit(settings, tmp_path / "out", Terminal())
    wrote = exported[1]
    assert f"{wrote.contents} models, {wrote.tiles} tiles, {wrote.subtrees} subtrees" in capsys.readouterr().err
    assert check_folder(tmp_path / "out", "tileset.json").violations == []
