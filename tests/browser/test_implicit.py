"""The implicit export in CesiumJS: for every camera the same models and features as the published tileset."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from tests.sample_city import CRS, Even, Slope, city
from tests.static_host import served
from tests.tile_readers import GROUND_M, first_drawn
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Folder
from tests.tileset_rules.walk import Walk
from tests.tileset_walk import Memory
from tilesets.city.build import build_city
from tilesets.implicit import export

pytestmark = pytest.mark.browser

HERE = Path(__file__).resolve().parent
CESIUM = HERE.parent / "readers/node_modules/cesium/Build"
HEIGHTS_M = (30_000.0, 2_000.0, 900.0, 300.0, 120.0)


def test_cesium_draws_the_same_of_both_tilesets_at_every_height(drive: Any, tmp_path: Path) -> None:
    if not CESIUM.is_dir():
        pytest.skip("the readers are not installed: tools/readers.sh")
    sink, rows = Memory(), city(400, width_m=4000.0, old_share=0.6)
    build_city([rows], Slope(), Even(), CRS, sink, target_bytes=16 * 1024)
    published = sink.laid(tmp_path / "published")
    export(published, "city", tmp_path / "published/implicit", crs=CRS)
    middle = shapely.centroid(rows.geometry[np.argmin(rows.cim_level == 2)])
    lon, lat = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True).transform(middle.x, middle.y)
    view = {"lon": lon, "lat": lat, "heights": [GROUND_M + height for height in HEIGHTS_M]}
    with served(published, HERE, CESIUM) as address:
        urls = [f"{address}/{name}/tileset.json" for name in ("city", "implicit")]
        noted = drive("implicit", f"{address}/tileset.html", json.dumps(urls), json.dumps(view))
        assert [url for url in noted["requests"] if not url.startswith((address, "data:", "blob:"))] == []
    root = Walk(Folder(published), Report()).tileset("city/tileset.json", None)
    assert root is not None
    explicit, implicit = noted["seen"]
    assert explicit["failures"] == implicit["failures"] == []
    assert implicit["views"] == explicit["views"]
    far, *_, street = implicit["views"]
    whole = first_drawn(root)
    assert far["models"] == len(whole)
    assert (far["finest"], street["finest"]) == (0.0, 2.0)
    assert street["picked"] in set(rows.id.tolist())
    assert len({json.dumps(seen["ids"]) for seen in implicit["views"]}) > 2
