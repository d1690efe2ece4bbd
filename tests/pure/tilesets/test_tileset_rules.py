"""The rule checker: it finds nothing in sound tilesets, ours and others', and every planted fault under its rule."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grid_cells import lay, with_cells
from tests.sample_city import CRS, Even, Slope, city
from tests.tileset_faults import EXPLICIT, IMPLICIT
from tests.tileset_faults.fault import CONSEQUENCES, ROOT, Fault, Files, model_of
from tests.tileset_faults.implicit import TILESET
from tests.tileset_rules.catalogue import RULES
from tests.tileset_rules.check import check, check_folder
from tests.tileset_rules.report import Violation
from tests.tileset_rules.shelf import Kept
from tests.tileset_walk import Memory
from tilesets.build import build_city
from tilesets.implicit import export


@pytest.fixture(scope="module")
def built() -> Memory:
    """A little city over two districts, with all levels."""
    sink = Memory()
    build_city([city(110, width_m=6000.0)], Slope(), Even(), CRS, sink, target_bytes=3 * 1024)
    return sink


@pytest.fixture(scope="module")
def implicit(built: Memory, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of the same city as an implicit tileset."""
    folder = tmp_path_factory.mktemp("implicit")
    export(lay(with_cells(built), folder / "tiles"), "city", folder / "out", crs=CRS)
    out = folder / "out"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def sound(built: Memory) -> Files:
    """The files as published."""
    files = {f"c/{name}": data for name, data in built.contents.items()}
    return files | {ROOT: built.roots["city"]}


def test_a_sound_city_breaks_no_rule(sound: Files) -> None:
    report = check(Kept(sound), ROOT)
    assert report.violations == []
    assert report.contents == sum(name.endswith(".glb") for name in sound)
    assert report.tilesets == sum(name.endswith(".json") for name in sound)
    assert report.vertices > 5_000


def test_a_sound_implicit_city_breaks_no_rule(implicit: Files) -> None:
    report = check(Kept(implicit), TILESET)
    assert report.violations == []
    assert report.contents == sum(name.endswith(".glb") for name in implicit)
    assert report.subtrees == sum(name.endswith(".subtree") for name in implicit)


@pytest.mark.parametrize("fault", EXPLICIT, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_under_its_rule(sound: Files, fault: Fault) -> None:
    files = dict(sound)
    fault.plant(files)
    found = check(Kept(files), ROOT).rules()
    assert set(fault.rules) <= found <= set(fault.rules) | CONSEQUENCES


@pytest.mark.parametrize("fault", IMPLICIT, ids=lambda fault: fault.name)
def test_a_fault_planted_in_an_implicit_tileset_is_found_under_its_rule(implicit: Files, fault: Fault) -> None:
    files = dict(implicit)
    fault.plant(files)
    found = check(Kept(files), TILESET).rules()
    assert set(fault.rules) <= found <= set(fault.rules) | CONSEQUENCES


def test_a_content_whose_bytes_are_not_its_names_is_found(sound: Files) -> None:
    name = model_of(sound, "building")
    other = next(n for n in sorted(sound) if n.endswith(".glb") and n != name)
    assert "name.hash" in check(Kept(sound | {name: sound[other]}), ROOT).rules()


def test_every_rule_has_a_planted_fault_and_a_clause() -> None:
    planted = {rule for fault in (*EXPLICIT, *IMPLICIT) for rule in fault.rules} | {"name.hash"}
    assert planted == RULES.keys()
    documents = r"(TILES|META|IMPLICIT|GLTF|FEATURES|STRUCTURAL|MESHOPT|HOUSE|the JSON schemas)"
    assert all(re.match(rf"{documents}[ ,:]", clause) for clause in RULES.values())


@settings(max_examples=40)
@given(data=st.data(), is_implicit=st.booleans())
def test_no_bytes_bring_the_checker_down(sound: Files, implicit: Files, data: st.DataObject, is_implicit: bool) -> None:
    files = dict(implicit if is_implicit else sound)
    name = data.draw(st.sampled_from(sorted(files)))
    spoilt = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    files[name] = bytes(spoilt[: data.draw(st.integers(0, len(spoilt)))])
    assert isinstance(str(check(Kept(files), TILESET if is_implicit else ROOT)), str)


def test_the_samples_of_others_are_sound_but_for_one(shared: Path) -> None:
    tiles3d = shared / "tiles3d"
    sparse = check_folder(tiles3d / "SparseImplicitQuadtree", "tileset.json", house=False)
    assert sparse.violations == []
    assert (sparse.subtrees, sparse.contents) == (9, 32)
    full = check_folder(tiles3d / "TilesetWithFullMetadata", "tileset.json", house=False)
    assert full.violations == []
    # A cloud of points whose heights reach from -0.095 to 0.105, in a box that ends at 0.1.
    several = check_folder(tiles3d / "MultipleContents", "tileset.json", house=False)
    uri = "tileset.json#/root"
    what = f"planePoints.glb reaches 0.005 m out of the volume of {uri}"
    assert several.violations == [Violation(uri, "tree.content", what)]
