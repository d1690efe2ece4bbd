"""The rule checker: it finds nothing in sound tilesets, ours and others', and every planted fault under its rule."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.types import Use
from tests.glb import parse
from tests.grid_cells import lay, with_cells
from tests.sample_city import CRS, Even, Slope, city
from tests.tileset_faults import EXPLICIT, IMPLICIT
from tests.tileset_faults.fault import CONSEQUENCES, ROOT, Fault, Files, model_of
from tests.tileset_faults.implicit import TILESET
from tests.tileset_rules.__main__ import main
from tests.tileset_rules.catalogue import RULES
from tests.tileset_rules.check import check, check_folder
from tests.tileset_rules.report import Violation
from tests.tileset_rules.shelf import Kept
from tests.tileset_walk import Memory
from tilesets.build import build_city
from tilesets.implicit import export
from tilesets.publish import FolderSink


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


@pytest.mark.parametrize(("count", "target"), [(900, 24 * 1024), (40, 256 * 1024), (1, 1024)])
def test_cities_of_other_sizes_break_no_rule(tmp_path: Path, count: int, target: int) -> None:
    build_city([city(count, width_m=6000.0)], Slope(), Even(), CRS, FolderSink(tmp_path), target_bytes=target)
    report = check_folder(tmp_path)
    assert report.violations == []
    assert report.contents == len(list((tmp_path / "c").glob("*.glb.gz")))


def test_true_statistics_are_accepted_and_each_untrue_one_is_found(sound: Files) -> None:
    rows = city(110, width_m=6000.0)
    model = parse(sound[model_of(sound, "building")])
    height = rows.height_m.astype(np.float32).astype(np.float64)
    codes, counts = np.unique(rows.use, return_counts=True)
    true = {
        "height": {"min": height.min(), "max": height.max(), "mean": height.mean(), "sum": height.sum()},
        "use": {"occurrences": {Use(c).name: n for c, n in zip(codes.tolist(), counts.tolist(), strict=True)}},
    }

    def told(count: int, properties: dict[str, Any]) -> set[str]:
        document = json.loads(sound[ROOT])
        document["schema"] = model.document["extensions"]["EXT_structural_metadata"]["schema"]
        document["statistics"] = {"classes": {"building": {"count": count, "properties": properties}}}
        return check(Kept(sound | {ROOT: json.dumps(document).encode()}), ROOT).rules()

    assert told(110, true) == set()
    assert told(111, true) == {"statistics.values"}
    for measure, value in true["height"].items():
        assert told(110, true | {"height": {measure: value + 1.0}}) == {"statistics.values"}


def test_the_program_prints_what_is_broken_and_says_so_by_its_exit_code(
    sound: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in sound.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    monkeypatch.setattr(sys, "argv", ["tileset_rules", str(tmp_path), "city"])
    assert main() == 0
    assert capsys.readouterr().out.endswith(": 0 violations\n")
    (tmp_path / model_of(sound, "block")).unlink()
    assert main() == 1
    assert ": uri.resolves: " in capsys.readouterr().out


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
