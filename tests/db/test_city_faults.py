"""Bad rows in the store: each is drawn, repaired or left out with a code and a reason, and the run goes on."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from cim.city import City
from cim.errors import CimError
from cim.geometry import anchors, cell_keys
from cim.settings import Settings
from cim.store.db import Database
from cim.types import Bodies
from tests.conftest import CHECKOUT, command_environment
from tests.sample_city import CENTRE
from tests.sample_city import city as sample
from tests.tile_yard import drawn, execute, fresh, insert, published, seen, yard_at
from tests.tileset_rules.check import check_folder
from tilesets.city import remarks
from tilesets.city.refresh import Yard, refresh
from tilesets.tree import TARGET_BYTES

pytestmark = pytest.mark.db
X, Y = CENTRE


@pytest.fixture
def yard(database: Database, city: City, settings: Settings) -> Yard:
    """200 sound buildings, not built yet."""
    made = yard_at(database, city, settings.data, target_bytes=TARGET_BYTES)
    insert(database, sample(200, width_m=2000.0))
    return made


def rows(shapes: list[shapely.Geometry], heights: list[float], ids: list[int]) -> Bodies:
    """Rows of these shapes; each in the cell of its anchor, or of the centre where it has none."""
    geometry = np.array(shapes, dtype=object)
    at = anchors(geometry)
    at[~np.isfinite(at).all(axis=1)] = CENTRE
    plain = sample(1, old_share=0.0).take(np.zeros(len(shapes), dtype=np.int64))
    return replace(plain, geometry=geometry, height_m=np.array(heights), id=np.array(ids), cell=cell_keys(at))


def ring(count: int, radius: float, x: float = X + 300.0, y: float = Y + 300.0) -> shapely.Polygon:
    angle = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    reach = radius + 2.0 * np.sin(40.0 * angle)
    return shapely.Polygon(np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)]))


FAULTS = {
    2: ("footprint_collapsed", shapely.Polygon([(X, Y), (X + 9, Y), (X + 4, Y + 0.001)]), 9.0),
    3: (None, ring(100_000, 300.0), 30.0),
    4: ("footprint_mended", shapely.Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)]), 9.0),
    5: ("no_height", shapely.box(X, Y, X + 9, Y + 9), -4.0),
    6: ("height_beyond_limit", shapely.box(X, Y, X + 30, Y + 30), 5_000.0),
    7: ("outside_city", shapely.box(X + 400_000, Y, X + 400_009, Y + 9), 9.0),
    8: (None, shapely.box(X - 64 - X % 64, Y - 64 - Y % 64, X + 65 - X % 64, Y + 65 - Y % 64), 12.0),
    9: ("no_footprint", shapely.Point(X, Y), 9.0),
    10: (
        None,
        shapely.Polygon(ring(40, 20.0).exterior, [ring(16, 6.0).exterior, ring(16, 3.0, X + 312.0).exterior]),
        9.0,
    ),
}
LEFT_OUT = {2, 5, 7, 9}


def test_each_bad_row_is_drawn_repaired_or_left_out_with_a_code_and_the_rest_arrives(
    yard: Yard, tmp_path: Path
) -> None:
    shapes, heights = [f[1] for f in FAULTS.values()], [f[2] for f in FAULTS.values()]
    insert(yard.database, rows(shapes, heights, list(FAULTS)))
    twice = rows(
        [shapely.box(X + 50, Y, X + 59, Y + 9), shapely.box(X + 5000, Y, X + 5009, Y + 9)], [7.0, 8.0], [99, 99]
    )
    insert(yard.database, twice.take(np.array([0])))
    insert(yard.database, twice.take(np.array([1])), dataset_id=2)
    done = refresh(yard)
    assert done.report.read == 200 + len(FAULTS) + 2
    expected = {code for code, *_ in FAULTS.values() if code} | {"repeated_id"}
    assert expected <= done.report.flaws.keys()
    shown = drawn(yard)
    assert set(FAULTS) - set(shown) == LEFT_OUT
    assert shown[99] == 7.0
    assert len(shown) == 200 + len(FAULTS) - len(LEFT_OUT) + 1
    assert check_folder(yard.sink.folder, "city").violations == []
    told = remarks.of_city(yard.sink.folder, 50)
    assert told is not None
    assert {flaw.id for flaw in told.left_out} == LEFT_OUT | {99}
    assert all(str(flaw.id) in flaw.message and len(flaw.message) > 20 for flaw in told.left_out)
    assert published(yard) == fresh(yard, tmp_path / "fresh")


def test_a_footprint_with_a_coordinate_that_is_no_number_does_not_get_in(yard: Yard) -> None:
    """By the loader it is rejected; the store itself refuses it from whoever writes past the loader."""
    with pytest.raises(CimError, match="refused"):
        insert(yard.database, rows([shapely.Polygon([(X, Y), (X + 9, Y), (X + np.nan, Y + 9)])], [9.0], [1]))
    assert refresh(yard).report.read == 200


def test_a_building_of_100_000_corners_keeps_its_area(yard: Yard) -> None:
    shape = ring(100_000, 300.0)
    insert(yard.database, rows([shape], [30.0], [3]))
    refresh(yard)
    tile = next(
        t for t in seen(yard).walk() if t.kind() == "building" and not t.children and t.glb and 3 in t.glb.table()["id"]
    )
    row = tile.glb.table()["id"].tolist().index(3)
    at, feature, triangles = tile.glb.ecef(), tile.glb.attribute("_FEATURE_ID_0"), tile.glb.triangles()
    mine = triangles[feature[triangles[:, 0]] == row]
    corners = at[mine]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    up = at[mine[0, 0]] / np.linalg.norm(at[mine[0, 0]])
    facing = normal @ up / 2.0
    assert facing[facing > 1e-4].sum() == pytest.approx(shape.area, rel=0.01)


def test_status_lists_them_and_the_command_tries_them_again(yard: Yard, settings: Settings) -> None:
    insert(yard.database, rows([FAULTS[5][1]], [-4.0], [5]))
    refresh(yard)

    def cim(*words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *words], cwd=CHECKOUT, env=command_environment(settings),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done

    told = cim("status").stdout
    assert "city: 200 buildings in" in told
    assert "left out: building 5 has no height above zero (no_height)" in told
    assert "1 units made" in cim("build", "--rejected").stderr
    execute(yard.database, "UPDATE cim.body SET height_m = 4 WHERE building_id = 5")
    assert "0 left out" in cim("build", "--changed", "city").stderr
    assert "left out:" not in cim("status").stdout
    assert 5 in drawn(yard)


def test_a_spoilt_record_or_tile_is_made_anew_and_never_believed(yard: Yard) -> None:
    refresh(yard)
    before = published(yard)
    for path in (yard.sink.folder / "u").glob("*.unit"):
        path.write_bytes(path.read_bytes()[:-7])
    execute(yard.database, "UPDATE cim.body SET height_m = height_m WHERE id = 1")
    refresh(yard)
    assert published(yard) == before
