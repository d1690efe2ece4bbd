"""The rule checker: it finds nothing in sound tilesets, ours and others', and every planted fault under its rule."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.types import CimLevel, RoofForm, Use
from tests.little_tilesets import WIDTH_M, little
from tests.sample_city import CRS, Even, Slope, city
from tests.tileset_faults import EXPLICIT, IMPLICIT
from tests.tileset_faults.fault import CONSEQUENCES, ROOT, Fault, Files, model_of
from tests.tileset_faults.implicit import TILESET
from tests.tileset_rules.__main__ import main
from tests.tileset_rules.catalogue import RULES
from tests.tileset_rules.check import check, check_folder
from tests.tileset_rules.report import Violation
from tests.tileset_rules.shelf import Kept
from tests.tileset_walk import Memory, visit
from tilesets.city.build import build_city
from tilesets.implicit import export
from tilesets.publish import FolderSink

pytestmark = pytest.mark.long

COUNT, TARGET = 24, 600
"""A city as small as may be with nested tilesets, siblings, all levels and a full subtree: a fault costs a check of it."""


def published(sink: Memory) -> Files:
    """The files of a tileset."""
    return {f"c/{name}": data for name, data in sink.contents.items()} | {ROOT: sink.roots["city"]}


def exported(sink: Memory, folder: Path) -> Files:
    """The files of the same tileset as an implicit one."""
    out = folder / "out"
    export(sink.laid(folder / "tiles"), "city", out, crs=CRS)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def sound() -> Files:
    """A little city over two districts, with all levels, as published."""
    return published(little(COUNT, TARGET))


@pytest.fixture(scope="module")
def implicit(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The same city as an implicit tileset."""
    return exported(little(COUNT, TARGET), tmp_path_factory.mktemp("implicit"))


@pytest.mark.parametrize(("count", "target"), [(COUNT, TARGET), (900, 16 * 1024)])
@pytest.mark.parametrize("wide", [False, True])
def test_a_sound_city_breaks_no_rule(count: int, target: int, wide: bool) -> None:
    files = published(little(count, target, wide=wide))
    report = check(Kept(files), ROOT)
    assert report.violations == []
    assert report.contents == sum(name.endswith(".glb") for name in files)
    assert report.tilesets == sum(name.endswith(".json") for name in files) > 2
    assert report.vertices > 50 * count
    assert wide == ("content" in json.loads(files[ROOT])["root"])


@pytest.mark.parametrize(("count", "seed"), [(30, 2), (60, 3)])
def test_a_city_as_wide_as_a_prefecture_breaks_no_rule(count: int, seed: int) -> None:
    """Over 160 km the uprights of the root's own axes lean against the Earth's by more than a hundredth."""
    sink = Memory()
    build_city([city(count, seed=seed, width_m=160_000.0)], Slope(), Even(), CRS, sink)
    files = published(sink)
    report = check(Kept(files), ROOT)
    assert report.violations == []
    assert "content" in json.loads(files[ROOT])["root"]


@pytest.mark.parametrize(("count", "target"), [(40, 256 * 1024), (1, 1024), (0, 1024)])
def test_cities_of_other_sizes_break_no_rule(tmp_path: Path, count: int, target: int) -> None:
    rows = city(max(count, 1), width_m=WIDTH_M).take(slice(0, count))
    build_city([rows], Slope(), Even(), CRS, FolderSink(tmp_path), target_bytes=target)
    report = check_folder(tmp_path)
    assert report.violations == []
    assert report.contents == len(list((tmp_path / "c").glob("*.glb.gz")))


def test_the_published_statistics_are_true_and_each_untrue_one_is_found(sound: Files) -> None:
    document = json.loads(sound[ROOT])
    stated = document["statistics"]["classes"]["building"]
    properties = stated["properties"]
    assert stated["count"] == COUNT
    assert properties.keys() == {"height", "use", "roof_form", "cim_level"}
    for holder in (
        stated,
        *properties.values(),
        *(p["occurrences"] for p in properties.values() if "occurrences" in p),
    ):
        for name, value in holder.items():
            if not isinstance(value, dict):
                holder[name] = value + 1
                assert check(Kept(sound | {ROOT: json.dumps(document).encode()}), ROOT).rules() == {"statistics.values"}
                holder[name] = value
    assert check(Kept(sound | {ROOT: json.dumps(document).encode()}), ROOT).rules() == set()


def test_statistics_are_of_what_is_drawn_at_the_finest_level() -> None:
    """By the rows themselves; but a roof that could not be raised is not counted as L3."""
    sink, rows = little(900, 16 * 1024), city(900, width_m=WIDTH_M)
    stated = json.loads(sink.roots["city"])["statistics"]["classes"]["building"]
    height = rows.height_m.astype(np.float32).astype(np.float64)
    assert stated["count"] == len(rows)
    assert stated["properties"]["height"] == {"min": height.min(), "max": height.max()}
    for name, choices in (("use", Use), ("roof_form", RoofForm)):
        codes, counts = np.unique(getattr(rows, name), return_counts=True)
        told = {choices(code).name: n for code, n in zip(codes.tolist(), counts.tolist(), strict=True)}
        assert stated["properties"][name]["occurrences"] == told
    finest = [tile.glb.table() for tile in visit(sink).walk() if tile.glb and not tile.children]
    drawn = sum(int((table["cim_level"] == CimLevel.L3).sum()) for table in finest)
    assert stated["properties"]["cim_level"]["occurrences"] == {"L2": len(rows) - drawn, "L3": drawn}
    assert 0 < drawn < int((rows.cim_level == CimLevel.L3).sum())


def test_means_and_sums_that_others_state_are_held_to_the_values(sound: Files) -> None:
    height = city(COUNT, width_m=WIDTH_M).height_m.astype(np.float32).astype(np.float64)
    for measure, value in (("mean", height.mean()), ("sum", height.sum()), ("median", np.median(height))):
        for stated, rules in ((value, set()), (value + 1.0, {"statistics.values"})):
            document = json.loads(sound[ROOT])
            document["statistics"]["classes"]["building"]["properties"]["height"] = {measure: stated}
            assert check(Kept(sound | {ROOT: json.dumps(document).encode()}), ROOT).rules() == rules


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


@pytest.mark.parametrize("wide", [False, True])
def test_a_sound_implicit_city_breaks_no_rule(wide: bool, tmp_path: Path) -> None:
    files = exported(little(COUNT, TARGET, wide=wide), tmp_path)
    report = check(Kept(files), TILESET)
    assert report.violations == []
    assert report.contents == sum(name.endswith(".glb") for name in files)
    assert report.subtrees == sum(name.endswith(".subtree") for name in files)


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
