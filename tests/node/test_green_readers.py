"""Tiles of trees and furniture before readers that are not ours: Khronos' validator and three.js."""

from pathlib import Path

import numpy as np
import shapely

from cim.crs import LONLAT, to_ecef, transform
from cim.types import Box
from tests.green_rows import Tiled, fixtures, grounds
from tests.sample_city import CENTRE, CRS, UNDULATION_M, Even
from tests.tile_readers import NEEDED, run
from tilesets.gltf.placement import frame_at
from tilesets.greens.areas import areas
from tilesets.greens.content import Planted, content
from tilesets.greens.paving import Laid, sheet
from tilesets.greens.planting import plant

pytestmark = NEEDED


def planted() -> Planted:
    return plant(fixtures(90), grounds(), Tiled(), Even(), CRS)[0]


def written(folder: Path) -> list[Path]:
    """A near tile over a street and a far one."""
    frame, rows, files = frame_at(*CENTRE, CRS), planted(), []
    street = grounds((shapely.LineString([(-90, 10), (90, 30)]), 22.0), kind="primary")  # with kerbs
    paving = Laid(street, areas(street), Tiled(), Even()).within(
        Box(*(c - 70 for c in CENTRE), *(c + 70 for c in CENTRE)), CRS
    )
    assert paving is not None
    for near in (True, False):
        made = content(rows, frame, near=near, ground=sheet(paving, frame) if near else None)
        assert made is not None
        files.append(folder / f"{near}.glb")
        files[-1].write_bytes(made[0])
    return files


def test_the_validator_finds_neither_errors_nor_warnings(tmp_path: Path) -> None:
    reports = run("validate_glb.mjs", *map(str, written(tmp_path)))
    assert [(one["errors"], one["warnings"]) for one in reports] == [(0, 0)] * len(reports)


def test_three_puts_every_instance_where_it_stands(tmp_path: Path) -> None:
    near, _ = run("read_instances.mjs", *map(str, written(tmp_path)))
    rows = planted().rows
    height = Tiled().heights(rows.xy) + UNDULATION_M
    expected = to_ecef(np.column_stack([transform(rows.xy, CRS, LONLAT), height]))
    places = np.array(near["places"])
    assert sum(near["counts"]) == len(rows) == 90
    distance = np.linalg.norm(places[:, None] - expected[None], axis=2)
    assert distance.min(axis=1).max() < 2e-3
    assert len(set(distance.argmin(axis=1).tolist())) == 90


def test_3d_tiles_tools_reads_of_every_instance_what_it_is(tmp_path: Path) -> None:
    files = [str(file) for file in written(tmp_path)]
    placed, told, rows = run("read_instances.mjs", *files), run("read_metadata.mjs", *files), planted().rows
    ids = rows.id.tolist()
    height = Tiled().heights(rows.xy) + UNDULATION_M
    at = to_ecef(np.column_stack([transform(rows.xy, CRS, LONLAT), height]))
    for places, one in zip(placed, told, strict=True):
        table = one["tables"][0]["columns"]
        named = [row for node in one["instances"] for row in node["rows"]]
        assert sorted(named) == list(range(len(table["id"])))
        away = np.linalg.norm(np.array(places["places"])[:, None] - at[None], axis=2)
        assert [table["id"][row] for row in named] == rows.id[away.argmin(axis=1)].tolist()
        own = [ids.index(id) for id in table["id"]]
        for name in ("kind", "species", "source", "is_synthetic"):
            assert table[name] == getattr(rows, name)[own].tolist()
        for name, metres in (("height", rows.height_m), ("crown", rows.crown_m), ("accuracy", rows.accuracy_m)):
            np.testing.assert_array_equal(np.array(table[name], dtype=np.float32), metres[own].astype(np.float32))
    near, far = told
    assert near["tables"][1]["columns"]["width"] == [22.0]
    assert {(node["count"], node["table"], *set(node["rows"])) for node in near["primitives"]} == {(1, 1, 0)}
    assert {"EXT_mesh_gpu_instancing", "EXT_instance_features"} <= set(near["used"]) & set(far["used"])
