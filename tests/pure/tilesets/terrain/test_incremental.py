"""A pyramid built over another: only what changed is written, and the outcome is that of a fresh build, byte for byte."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from cim import crs as frames
from cim.errors import BadSource
from cim.geoid import Geoid
from tilesets.terrain import build as terrain
from tilesets.terrain.build import DemSource, TerrainReport, build_terrain

pytestmark = pytest.mark.long

FIELD = (430_000.0, 4_450_000.0, 60.0, 300)
INSET = (436_000.0, 4_441_000.0, 30.0, 100)
GEOID = Geoid.constant(-15.0)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def lake(relief: Any, x: float, y: float, radius: float) -> Any:
    circle = shapely.Point(x, y).buffer(radius)
    return shapely.transform(circle, lambda xy: frames.transform(xy, relief.crs, frames.LONLAT))


@pytest.fixture(scope="module")
def states(relief: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Inputs by name, each as what `build_terrain` takes: all of them of one city."""
    folder = tmp_path_factory.mktemp("states")
    x, y = relief.centres(FIELD)
    plain = relief.ground(x, y)
    edited, spoilt, raised = plain.copy(), plain.copy(), plain.copy()
    edited[220:224, 77:80] += 2.0
    spoilt[200:230, 200:230] = np.nan
    raised[290, 15] += 90.0  # a spike besides
    raised[10:12, 10:12] += 400.0
    wide = dict(zip(("edited", "spoilt", "raised", "plain"), (edited, spoilt, raised, plain), strict=True))
    dems = {name: DemSource(relief.write_dem(folder / f"{name}.tif", values, FIELD)) for name, values in wide.items()}
    x, y = relief.centres(INSET)
    inset = DemSource(relief.write_dem(folder / "inset.tif", relief.ground(x, y) + 4.0, INSET))
    water = [lake(relief, 437_000, 4_440_000, 700)]
    return {
        "plain": {"dems": [dems["plain"]]},
        "edited": {"dems": [dems["edited"]]},
        "spoilt": {"dems": [dems["spoilt"]]},
        "raised": {"dems": [dems["raised"]]},
        "two": {"dems": [dems["plain"], inset]},
        "wet": {"dems": [dems["plain"]], "water": water},
        "wetter": {"dems": [dems["plain"]], "water": [*water, lake(relief, 445_000, 4_435_000, 200)]},
    }


@pytest.fixture(scope="module")
def fresh(relief: Any, states: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each state built where nothing stood."""
    folder = tmp_path_factory.mktemp("fresh")
    for name, state in states.items():
        build(relief, state, folder / name)
    return {name: folder / name for name in states}


def build(relief: Any, state: Any, out: Path, **options: Any) -> TerrainReport:
    given = {**state, **options}
    return build_terrain(given.pop("dems"), out, relief.crs, GEOID, **given)


def test_built_over_another_it_equals_a_fresh_build_byte_for_byte(
    relief: Any, states: dict[str, Any], fresh: dict[str, Path], tmp_path: Path
) -> None:
    story = ("plain", "edited", "spoilt", "plain", "raised", "two", "edited", "two", "wet", "wetter", "plain")
    for name in story:
        build(relief, states[name], tmp_path / "t")
        assert files(tmp_path / "t") == files(fresh[name]), name
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


@pytest.mark.parametrize(("before", "after"), [("plain", "edited"), ("plain", "two"), ("wet", "wetter")])
def test_tiles_far_from_a_change_are_the_same_files(
    relief: Any, states: dict[str, Any], tmp_path: Path, before: str, after: str
) -> None:
    build(relief, states[before], tmp_path / "t")
    was = {p.relative_to(tmp_path): (p.stat().st_ino, p.read_bytes()) for p in tmp_path.rglob("*.terrain")}
    report = build(relief, states[after], tmp_path / "t")
    now = {p.relative_to(tmp_path): (p.stat().st_ino, p.read_bytes()) for p in tmp_path.rglob("*.terrain")}
    kept = {name for name in now if name in was and now[name][0] == was[name][0]}
    changed = {name for name in now if name not in was or now[name][1] != was[name][1]}
    assert not kept & changed
    assert len(kept) == report.total - report.rewritten
    assert len(changed) <= report.rewritten <= 3 * len(changed) + 12

    assert len(kept) > 10


def test_a_moved_scale_rewrites_its_levels_whole(relief: Any, states: dict[str, Any], tmp_path: Path) -> None:
    build(relief, states["plain"], tmp_path / "t")
    report = build(relief, states["raised"], tmp_path / "t")
    assert report.rewritten > report.total // 2


def test_a_tile_that_was_lost_or_cut_short_is_written_again(
    relief: Any, states: dict[str, Any], fresh: dict[str, Path], tmp_path: Path
) -> None:
    build(relief, states["plain"], tmp_path / "t")
    first, second = sorted((tmp_path / "t").glob("11/*/*.terrain"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:-9])
    assert build(relief, states["plain"], tmp_path / "t").rewritten == 2
    assert files(tmp_path / "t") == files(fresh["plain"])


def test_a_manifest_that_cannot_be_read_is_a_fresh_build(
    relief: Any, states: dict[str, Any], fresh: dict[str, Path], tmp_path: Path
) -> None:
    build(relief, states["plain"], tmp_path / "t")
    held = tmp_path / "t" / "manifest.npz"
    held.write_bytes(held.read_bytes()[:200])
    report = build(relief, states["plain"], tmp_path / "t")
    assert report.rewritten == report.total
    assert files(tmp_path / "t") == files(fresh["plain"])


def test_a_build_that_dies_leaves_the_pyramid_as_it_was(relief: Any, states: dict[str, Any], tmp_path: Path) -> None:
    build(relief, states["plain"], tmp_path / "t")
    before = files(tmp_path / "t")

    def die(done: int, total: int | None, note: str) -> None:
        raise BadSource("stopped in the middle")

    with pytest.raises(BadSource, match="middle"):
        build(relief, states["two"], tmp_path / "t", progress=die)
    assert files(tmp_path / "t") == before
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_what_a_killed_worker_had_in_work_is_done_again(
    relief: Any, states: dict[str, Any], fresh: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terrain, "ONE_PROCESS", 1)
    monkeypatch.setattr(terrain, "BLOCK", 2)
    killed: list[int] = []

    def kill(done: int, total: int | None, note: str) -> None:
        if done > 30 and not killed:
            child = multiprocessing.active_children()[0].pid
            assert child is not None
            os.kill(child, signal.SIGKILL)
            killed.append(child)

    build(relief, states["two"], tmp_path / "t", workers=2, progress=kill)
    assert len(killed) == 1
    assert files(tmp_path / "t") == files(fresh["two"])


def test_unchanged_input_is_no_work_and_the_flaws_are_still_told(
    relief: Any, states: dict[str, Any], tmp_path: Path
) -> None:
    first = build(relief, states["raised"], tmp_path / "t", fingerprint="1")
    again = build(relief, states["raised"], tmp_path / "t", fingerprint="1")
    assert (again.unchanged, again.rewritten, again.flaws) == (True, 0, first.flaws)
    wet = build(relief, {**states["wet"], "dems": states["raised"]["dems"]}, tmp_path / "t", fingerprint="1")
    assert not wet.unchanged
