"""The benchmarks without their clocks: the registry, the shape of a figure, and the inputs they measure with."""

import doctest
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.bench import cityjson, footprints, ground, line, lines, past
from tests.bench.__main__ import main
from tests.bench.line import Figure
from tests.bench.lines import LINES

pytestmark = pytest.mark.long

KEYS = ["name", "value", "unit", "rival", "rival_value", "ratio"]


@pytest.mark.parametrize("module", [line, footprints, cityjson], ids=lambda module: module.__name__)
def test_the_examples_in_the_documentation_hold(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted > 0
    assert found.failed == 0


def test_every_file_of_a_line_is_registered_under_its_own_name() -> None:
    files = {path.stem for path in Path(lines.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {name.replace(".", "_") for name in LINES}


def test_a_figure_is_one_line_of_json_with_the_six_keys() -> None:
    for entry in LINES.values():
        text = entry.text(Figure(3.0, "rival", 2.0))
        found = json.loads(text)
        assert "\n" not in text
        assert list(found) == KEYS
        assert (found["name"], found["unit"], found["ratio"]) == (entry.name, entry.unit, 1.5)


def test_a_rival_that_was_not_measured_is_null_in_every_field() -> None:
    found = json.loads(LINES["load.footprints"].text(Figure(3.0, "ogr2ogr", None)))
    assert [found[key] for key in KEYS[3:]] == [None, None, None]


def test_a_scaled_run_cannot_be_taken_for_a_full_one() -> None:
    for entry in LINES.values():
        assert json.loads(entry.text(Figure(1.0), scale=0.1))["name"] == f"{entry.name}@0.1"


def test_goals_are_judged_on_the_right_side() -> None:
    rate, ratio = LINES["load.footprints"], LINES["items.at"]
    assert (rate.reached(20_000.0), rate.reached(19_999.0)) == (True, False)
    assert (ratio.reached(1.3), ratio.reached(1.31)) == (True, False)
    assert not rate.reached(float("nan"))


def test_the_command_lists_the_lines_and_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [row.split()[0] for row in capsys.readouterr().out.splitlines()] == list(LINES)
    assert main(["load.nothing"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "load.nothing" in said.err
    with pytest.raises(SystemExit):
        main(["--scale", "2"])


def test_the_same_seed_gives_the_same_footprints_and_a_longer_file_begins_with_the_shorter() -> None:
    few, more, other = footprints.footprints(50), footprints.footprints(80), footprints.footprints(50, seed=2)
    assert few.equals(more.iloc[:50])
    assert not few.geometry.equals(other.geometry)


def test_footprints_are_mixed_valid_apart_and_within_the_city() -> None:
    frame = footprints.footprints(3_000)
    shapes = frame.geometry.to_numpy()
    corners = Counter(
        zip(
            (shapely.get_num_coordinates(shapes)).tolist(), shapely.get_num_interior_rings(shapes).tolist(), strict=True
        )
    )
    assert set(corners) == {(5, 0), (7, 0), (9, 0), (13, 0), (10, 1)}
    assert shapely.is_valid(shapes).all()
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="dwithin", distance=2.0)
    assert (left == right).all()
    west, south, east, north = footprints.footprints(1_000).total_bounds
    box = ground.city().frame_box()
    assert box.contains(west, south)
    assert box.contains(east, south + 1_000 * footprints.PLOT_M)  # the thousandth row: a million footprints


def test_a_raised_footprint_is_a_closed_solid_of_area_times_height() -> None:
    yard = shapely.Polygon([(0, 0), (6, 0), (6, 4), (0, 4)], [[(2, 1), (4, 1), (4, 3), (2, 3)]])
    vertices, (shell,) = cityjson.solid(yard, 2.5, [0.0, 0.0])
    xyz = np.array(vertices) / 1000.0
    edges = Counter((a, b) for face in shell for ring in face for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges)
    # Divergence theorem: a third of the sum over faces of area vector times a point of the face.
    volume = sum(
        float(
            np.dot(
                sum(np.cross(xyz[a], xyz[b]) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) / 2, xyz[ring[0]]
            )
        )
        for face in shell
        for ring in face
    )
    assert volume / 3 == pytest.approx(20 * 2.5)


def test_the_second_version_differs_in_what_was_edited_and_the_third_in_everything() -> None:
    (first, second, third), edits = past.versions(1_000)
    before, after, last = (frame.set_index("id") for frame in (first, second, third))
    both = before.index.intersection(after.index)
    moved = ~shapely.equals_exact(before.geometry[both].to_numpy(), after.geometry[both].to_numpy())
    raised = (before["height_m"][both] != after["height_m"][both]).to_numpy()
    assert edits == {"added": 5, "changed": 20, "moved": 10, "ended": 5}
    assert (len(after.index.difference(both)), int((raised & ~moved).sum())) == (edits["added"], edits["changed"])
    assert (int(moved.sum()), len(before.index.difference(both))) == (edits["moved"], edits["ended"])
    assert last.index.equals(after.index)
    assert (last["height_m"] != after["height_m"]).all()
    tree = shapely.STRtree(second.geometry.to_numpy())
    left, right = tree.query(second.geometry.to_numpy(), predicate="intersects")
    assert (left == right).all()
