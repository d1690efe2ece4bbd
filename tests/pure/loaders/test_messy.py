"""Every file of the folder of messy data, against the table in the documents: what becomes of it, and under which code."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from cim.city import City
from cim.errors import BadInput
from cim.layers import LAYERS
from cim.plugins import Batch, Source
from cim.types import Box
from loaders.judging.checks import check
from loaders.pipeline import recognise

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "messy-files.md"
LINE = re.compile(
    r"^\| `(?P<name>[^`]+)` \| (?P<verdict>\w+) \| (?:`(?P<code>\w+)`|–) \| (?P<why>.+) \|$", re.MULTILINE
)
TABLE = {m["name"]: (m["verdict"], m["code"]) for m in LINE.finditer(DOCUMENT.read_text(encoding="utf-8"))}
LAYER_OF = {"Polygon": "buildings", "LineString": "roads", "Point": "landmarks"}

# What the owner of a file would state beside it. Nothing is needed for those that are not named.
STATED = {
    "china_air_quality_sites_gbk.csv": {
        "encoding": "gbk",
        "columns": {"id": "监测点编码", "name": "监测点名称", "lon": "经度", "lat": "纬度"},
    }
}


def city_round(city: City, batches: list[Batch]) -> City:
    """A city whose frame and extent fit the coordinates: a UTM zone, and ten degrees around the first position."""
    shapes = [s for batch in batches for s in batch.frame.geometry if s is not None and not s.is_empty]
    if not shapes:
        return city
    x, y = shapely.get_coordinates(shapes[0])[0]
    if batches[0].crs.startswith("EPSG:326"):
        return replace(city, crs=batches[0].crs, extent=Box(5.0, 45.0, 20.0, 60.0))
    x = float(np.clip(x, -170.0, 170.0))
    zone = int((x + 180.0) // 6.0) + 1
    return replace(city, crs=f"EPSG:{32600 + zone}", extent=Box(x - 10.0, max(-80.0, y - 30.0), x + 10.0, y + 30.0))


def judged(path: Path, city: City) -> tuple[str, str | None, int]:
    """What comes of a file: the verdict, the code, how many records are concerned."""
    stated = STATED.get(path.name, {})
    source = Source(str(path), "landmarks", crs="EPSG:4326", constants={"name": "无名"}, **stated)
    try:
        if b'"crs"' in path.read_bytes():
            source = replace(source, crs=None)
        batches = list(recognise(path).read(source))
    except BadInput as error:
        assert path.name in str(error)
        return "refused", error.code, 0
    kinds = {s.geom_type.removeprefix("Multi") for b in batches for s in b.frame.geometry if s is not None}
    layer = LAYERS[LAYER_OF.get(next(iter(kinds), ""), "buildings")]
    around = city if stated else city_round(city, batches)
    if stated:
        around = replace(city, extent=Box(73.0, 15.0, 136.0, 54.0))
    issues, read, rejected = [], 0, 0
    for batch in batches:
        frame = batch.frame if "id" in batch.frame or stated else batch.frame.assign(id=batch.frame.index.astype(str))
        checked = check(replace(batch, frame=frame), replace(source, layer=layer.name), layer, around)
        issues += checked.issues
        read += len(frame) + len(batch.damaged)
        rejected += len(checked.rejected)
        assert len(checked.frame) + len(checked.rejected) == len(frame) + len(batch.damaged)
    if rejected:
        return "rejected" if rejected == read else "partly", next(i.code for i in issues if i.rejected), rejected
    repaired = [i.code for i in issues if i.repaired is not None]
    return ("repaired", repaired[0], len(repaired)) if repaired else ("accepted", None, read)


def test_every_messy_file_has_its_line_and_every_line_its_file(shared):
    assert {path.name for path in (shared / "messy").iterdir()} == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_messy_file_comes_to_what_the_table_says(shared, city, name):
    verdict, code, _ = judged(shared / "messy" / name, city)
    assert (verdict, code) == TABLE[name]


def test_of_the_stations_only_those_without_coordinates_are_left_out(shared, city):
    assert judged(shared / "messy" / "china_air_quality_sites_gbk.csv", city) == ("partly", "geometry_missing", 10)
