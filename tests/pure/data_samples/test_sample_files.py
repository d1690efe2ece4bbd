"""Files of the sample city: marks, encodings, checksums; committed ones are what the generator makes now."""

import csv
import hashlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from cim.grounds import pavement_m
from data_samples.generate import (
    addresses,
    facts,
    files,
    footprints,
    frame,
    oldtown,
    roads,
    shapes,
    terrain,
    trees,
    write,
)
from data_samples.generate.themes import streets
from data_samples.generate.themes.samples import SAMPLES

pytestmark = pytest.mark.long

COMMITTED = Path(__file__).resolve().parents[3] / "data_samples" / "datong"
SEED = files.SEED
IN_GBK = {
    "addresses.csv",
    "trees.csv",
    "street_furniture.csv",
    *(name for name, sample in SAMPLES.items() if sample.gbk),
}


def features(name: str) -> list[dict]:
    return json.loads((COMMITTED / name).read_text(encoding="utf-8"))["features"]


@pytest.mark.parametrize("name", sorted(n for n in files.COMMITTED if n.endswith(".geojson")))
def test_every_feature_is_marked_synthetic_and_lies_in_the_extent(name):
    west, south, east, north = facts.EXTENT
    found = features(name)
    ids = [f["id"] for f in found]
    assert len(set(ids)) == len(ids)
    for feature in found:
        marks = feature["properties"]
        assert (marks["is_synthetic"], marks["source"], marks["accuracy_m"]) == (True, "generator", None)
        xy = shapely.get_coordinates(shapely.geometry.shape(feature["geometry"]))
        low, high = xy.min(axis=0), xy.max(axis=0)
        assert west - 0.02 <= low[0] <= high[0] <= east + 0.02
        assert south - 0.02 <= low[1] <= high[1] <= north + 0.02
        if name == "divisions.geojson":
            assert west <= low[0] <= high[0] <= east
            assert south <= low[1] <= high[1] <= north


@pytest.mark.parametrize("name", sorted(name for name in files.COMMITTED if not name.endswith(".gpkg")))
def test_committed_text_files_are_what_the_generator_makes_now(name, tmp_path):
    count = files.COMMITTED[name](tmp_path / name, SEED)
    assert count > 0
    new_text, new_numbers = words_and_numbers(tmp_path / name)
    old_text, old_numbers = words_and_numbers(COMMITTED / name)
    assert new_text == old_text
    assert np.allclose(new_numbers, old_numbers, rtol=0, atol=2e-6)


def words_and_numbers(path: Path) -> tuple[str, np.ndarray]:
    """The text with its decimal numbers blanked, and those numbers: the last digit may vary."""
    text = path.read_bytes().decode("gbk" if path.name in IN_GBK else "utf-8")
    decimal = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
    return decimal.sub("#", text), np.array([float(n) for n in decimal.findall(text)])


def test_readme_gives_the_checksum_of_every_committed_file():
    readme = (COMMITTED.parent / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", readme, flags=re.MULTILINE))
    listed = {name: digest for digest, name in listed.items()}
    assert set(listed) == set(files.COMMITTED)
    for name, digest in listed.items():
        assert hashlib.sha256((COMMITTED / name).read_bytes()).hexdigest() == digest, name


def test_committed_files_stay_small():
    assert sum(p.stat().st_size for p in COMMITTED.iterdir()) < 8_000_000


def test_committed_footprints_are_what_the_generator_makes_now(tmp_path):
    files.COMMITTED["buildings_oldtown.gpkg"](tmp_path / "new.gpkg", SEED)
    new = pyogrio.raw.read(tmp_path / "new.gpkg", layer="buildings")
    old = pyogrio.raw.read(COMMITTED / "buildings_oldtown.gpkg", layer="buildings")
    assert new[0]["crs"] == old[0]["crs"] == "EPSG:4547"
    assert list(new[0]["fields"]) == list(old[0]["fields"])
    assert new[2].tolist() == old[2].tolist()
    for a, b in zip(new[3], old[3], strict=True):
        assert all(x == y or (x != x and y != y) for x, y in zip(a.tolist(), b.tolist(), strict=True))


def test_geopackage_repeats_byte_for_byte_and_keeps_unknowns_null(tmp_path):
    table = footprints.footprints(
        shapes.rectangles(np.array([[439300.0, 4439887.0]]), 10.0, 6.0), use="office", storeys=2, height_m=7.0
    )
    for name in ("a.gpkg", "b.gpkg"):
        write.footprints_gpkg(tmp_path / name, table, "DT-X-")
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    meta, _, _, columns = pyogrio.raw.read(tmp_path / "a.gpkg")
    row = dict(zip(meta["fields"], (c[0] for c in columns), strict=True))
    assert row["id"] == "DT-X-000001"
    assert row["name"] is None
    for unknown in ("eaves_m", "year", "accuracy_m"):
        assert np.isnan(row[unknown])


def address_rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((COMMITTED / "addresses.csv").read_bytes().decode("gbk"))))


def test_address_file_really_needs_gbk():
    raw = (COMMITTED / "addresses.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert raw.decode("gbk").splitlines()[0] == "编号,地址,名称,类别,行政区代码,经度,纬度"


def test_addresses_are_unique_and_belong_to_their_buildings():
    rows = address_rows()
    doors = [r for r in rows if r["类别"] == "门牌"]
    assert 9_000 <= len(rows) <= 14_000
    assert len({r["编号"] for r in rows}) == len(rows)
    assert len({r["地址"] for r in doors}) == len(doors)
    old, outside, _ = addresses.addressed(SEED)
    shape = np.concatenate([old.shape, outside.shape])
    text = np.concatenate([old.address, outside.address])
    xy = frame.to_city(np.array([(float(r["经度"]), float(r["纬度"])) for r in doors]))
    point, building = shapely.STRtree(shape).query(shapely.points(xy), predicate="intersects")
    assert len(set(point)) == len(doors)
    assert all(doors[p]["地址"] == text[b] for p, b in zip(point, building, strict=True))


def test_main_streets_and_place_names_are_the_real_ones():
    rows = address_rows()
    streets = "".join(r["地址"] for r in rows)
    assert all(f"平城区古城街道{street}" in streets for _, street, _ in facts.AXES.values())
    places = {r["名称"] for r in rows if r["类别"] == "地名"}
    assert {"四牌楼", "和阳门", "九龙壁", "册田水库", "云冈石窟", "浑源县"} <= places
    assert all(r["行政区代码"] in {c.code for c in facts.COUNTIES} for r in rows)


def test_height_file_states_frame_datum_and_nodata(tmp_path):
    grid = terrain.HeightGrid(np.full((4, 5), 1042.5, dtype=np.float32), 439000.0, 4440000.0, 100.0)
    write.height_tif(tmp_path / "dem.tif", grid)
    with rasterio.open(tmp_path / "dem.tif") as source:
        assert source.crs.to_epsg() == 4547
        assert source.nodata == -9999.0
        assert source.dtypes == ("float32",)
        assert "5737" in source.tags()["VERTICAL_CRS"]
        assert source.bounds == (439000.0, 4439600.0, 439500.0, 4440000.0)


def test_no_tree_stands_on_a_carriageway_and_some_stand_beside_lanes():
    found = trees.trees(SEED)
    ways = [road for road in roads.roads(SEED) if road.group in ("old", "city")]
    lines = np.array([road.line for road in ways], dtype=object)
    half = np.array([road.width / 2.0 - pavement_m(road.kind, road.width) for road in ways])
    points = shapely.points(found.xy)
    on, _ = shapely.STRtree(shapely.buffer(lines, half)).query(points, predicate="within")
    assert len(on) == 0
    lanes = np.array([road.kind == "lane" for road in ways])
    near, _ = shapely.STRtree(shapely.buffer(lines[lanes], half[lanes] + 2.0)).query(points, predicate="within")
    assert len(np.unique(near)) > 100


def test_no_lamp_and_no_bench_stands_on_a_carriageway():
    text = (COMMITTED / "street_furniture.csv").read_text(encoding="gbk")
    lonlat = np.array([(float(row["经度"]), float(row["纬度"])) for row in csv.DictReader(io.StringIO(text))])
    ways = [road for road in roads.roads(SEED) if road.kind != "lane"]
    half = [road.width / 2.0 - pavement_m(road.kind, road.width) for road in ways]
    areas = shapely.buffer([road.line for road in ways], half)
    on, _ = shapely.STRtree(areas).query(shapely.points(frame.to_city(lonlat)), predicate="within")
    assert len(lonlat) > 1_000
    assert len(on) == 0


def test_what_stands_on_a_square_stands_on_it_whole_and_each_is_as_large_as_it_says():
    built = oldtown.old_town(SEED).buildings.shape
    items = streets.squares(SEED)
    assert len(items) == 9
    shapes = np.array([item.shape for item in items], dtype=object)
    square, building = shapely.STRtree(built).query(shapes, predicate="intersects")
    assert len(square) >= 8  # four archways, four towers
    assert shapely.covers(shapes[square], built[building]).all()
    for item in items:
        assert item.properties["area_ha"] == pytest.approx(item.shape.area / 1e4, abs=0.005)
        assert item.properties["area_ha"] > 0.05
