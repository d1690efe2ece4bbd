"""STAC objects: valid by the published schemas, placed where the raster is, told apart from what is not served."""

import base64
import re
from datetime import UTC, date, datetime
from typing import Any

import pystac
import pytest
import shapely
from pyproj import Transformer
from pystac.extensions.file import FileExtension
from pystac.extensions.projection import ProjectionExtension
from pystac.validation import validate_dict

from api import stac
from cim.types import Box

BASE = "http://cim.example/"
EXTENT = Box(112.5785, 39.0483, 114.5689, 40.7399)
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # sha256 of "test"
PUBLISHED = datetime(2026, 11, 20, 8, 30, 0, 5, tzinfo=UTC)
BOUNDS = (430_000.0, 4_430_000.0, 442_000.0, 4_442_000.0)


def _version(**given: Any) -> dict[str, Any]:
    raster = {"crs": "EPSG:4547", "bounds": list(BOUNDS), "width": 1200, "height": 1100, "bands": 1, "dtype": "float32"}
    raster |= {
        "nodata": -9999.0,
        "pixel_m": 10.0,
        "size": 907443,
        "path": "/srv/in/dem.tif",
        "location": "/srv/in/dem.tif",
    }
    plain = {"id": 4, "dataset": "dem", "layer": "dem", "state": "published", "location": "/srv/in/dem.tif"}
    times = {"checksum": HASH, "survey_date": None, "published_at": PUBLISHED, "accuracy_m": None}
    return plain | times | {"raster": raster | given.pop("raster", {})} | given


def _item(built: tuple[str, ...] = (), **given: Any) -> dict[str, Any]:
    dataset = {"name": "dem", "title": "高程", "owner": "测绘院", "licence": None}
    return stac.raster_item(BASE, _version(**given), dataset, built)


def _product(**given: Any) -> stac.Product:
    plain: dict[str, Any] = {
        "id": "terrain",
        "title": "地形",
        "title_en": "Terrain",
        "box": EXTENT,
        "created": PUBLISHED,
    }
    return stac.Product(**(plain | {"href": "terrain/layer.json", "sha256": HASH, "size": 4} | given))


def _objects() -> dict[str, dict[str, Any]]:
    service = ("xyz", "imagery/orthophoto/{z}/{x}/{y}", "image/png")
    surveyed = _item(("terrain", "imagery-hillshade"), survey_date=date(2026, 5, 1))
    return {
        "catalogue": stac.catalog(BASE, "大同市 Datong"),
        "empty collection": stac.collection(BASE, "dem", [], EXTENT),
        "collection": stac.collection(BASE, "dem", [_item()], EXTENT),
        "raster": _item(),
        "surveyed raster": surveyed,
        "GCJ-02 raster": _item(raster={"crs": "GCJ-02", "bounds": [113.2, 40.0, 113.3, 40.1]}),
        "picture": _item(layer="orthophoto", raster={"bands": 3, "dtype": "uint8", "nodata": None}),
        "complex raster": _item(raster={"dtype": "complex64", "nodata": float("nan")}),
        "product": stac.product_item(BASE, _product()),
        "picture product": stac.product_item(BASE, _product(sha256=None, size=None, link=service, version="abc")),
    }


@pytest.mark.parametrize("name", _objects())
def test_every_object_is_valid_by_the_core_schemas(name: str) -> None:
    assert validate_dict(_objects()[name], extensions=[])  # raises where it is not


def test_the_schemas_would_refuse_what_is_wrong() -> None:
    with pytest.raises(pystac.STACValidationError):
        validate_dict(_item() | {"assets": {"data": {"title": "without an address"}}}, extensions=[])


@pytest.mark.parametrize("name", _objects())
def test_nothing_tells_a_folder_of_the_server(name: str) -> None:
    assert "/srv" not in str(_objects()[name])


@pytest.mark.parametrize("name", _objects())
def test_every_link_is_absolute_and_goes_to_this_server(name: str) -> None:
    for link in _objects()[name]["links"]:
        assert link["href"].startswith(BASE)
        assert "//" not in link["href"].removeprefix("http://")


def test_the_footprint_is_the_rectangle_in_its_own_frame() -> None:
    shape = shapely.geometry.shape(_item()["geometry"])
    back = Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True)
    x, y = back.transform(*shapely.get_coordinates(shape).T)
    moved = shapely.Polygon(list(zip(x, y, strict=True)))
    assert moved.symmetric_difference(shapely.box(*BOUNDS)).area < 1e-4 * moved.area
    assert shape.exterior.is_ccw
    assert shape.is_valid
    assert len(shape.exterior.coords) == 33


def test_the_box_encloses_the_footprint_where_meridians_converge() -> None:
    item = _item()
    assert shapely.geometry.shape(item["geometry"]).bounds == tuple(item["bbox"])
    corners = Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True).transform(
        [BOUNDS[0]] * 2, [BOUNDS[1], BOUNDS[3]]
    )
    assert item["bbox"][0] == pytest.approx(min(corners[0]), abs=1e-6)


def test_a_raster_in_gcj02_stands_where_it_is_and_has_no_code() -> None:
    item = _objects()["GCJ-02 raster"]
    assert item["properties"]["proj:code"] is None
    assert "proj:wkt2" not in item["properties"]
    assert 113.2 - item["bbox"][0] == pytest.approx(0.0065, abs=0.001)


def test_the_time_says_which_time_it_is() -> None:
    assert _item()["properties"]["datetime"] == "2026-11-20T08:30:00.000005Z"
    assert _item()["properties"]["cim:datetime_is"] == "published_at"
    surveyed = _item(survey_date=date(2026, 5, 1))["properties"]
    assert (surveyed["datetime"], surveyed["cim:datetime_is"]) == ("2026-05-01T00:00:00Z", "survey_date")
    assert surveyed["created"] == "2026-11-20T08:30:00.000005Z"
    older = _item(published_at=None, ended_at=PUBLISHED)["properties"]
    assert (older["cim:datetime_is"], "created" in older) == ("ended_at", False)


def test_a_reader_finds_the_extensions_where_they_say_they_are() -> None:
    item = pystac.Item.from_dict(_item())
    projection = ProjectionExtension.ext(item)
    assert (projection.code, projection.shape, projection.bbox) == ("EPSG:4547", [1100, 1200], list(BOUNDS))
    file = FileExtension.ext(item.assets["data"])
    assert (file.checksum, file.size, file.local_path) == (f"1220{HASH}", 907443, "dem.tif")
    assert item.common_metadata.gsd == 10.0
    assert [provider.name for provider in item.common_metadata.providers or []] == ["测绘院"]


def test_the_delivered_file_is_named_by_its_hash_for_it_is_not_served() -> None:
    scheme, _, digest = _item()["assets"]["data"]["href"].partition(";")
    assert scheme == "ni:///sha-256"
    assert base64.urlsafe_b64decode(f"{digest}=").hex() == HASH


def test_bands_say_what_their_numbers_are() -> None:
    (height,) = _item()["assets"]["data"]["bands"]
    expected = {
        "name": "height",
        "data_type": "float32",
        "raster:spatial_resolution": 10.0,
        "nodata": -9999.0,
        "unit": "m",
    }
    assert height == expected
    colours = _objects()["picture"]["assets"]["data"]["bands"]
    assert [(band["name"], band["data_type"], "nodata" in band) for band in colours] == [
        ("red", "uint8", False),
        ("green", "uint8", False),
        ("blue", "uint8", False),
    ]
    (odd,) = _objects()["complex raster"]["assets"]["data"]["bands"]
    assert (odd["data_type"], odd["nodata"]) == ("cfloat32", "nan")


def test_links_to_tiles_stand_only_where_the_tiles_are() -> None:
    assert [link["rel"] for link in _item()["links"] if link["rel"] in ("xyz", "related")] == []
    built = _item(("terrain", "imagery-hillshade"))
    found = {link["rel"]: link["href"] for link in built["links"]}
    assert found["related"] == f"{BASE}terrain/layer.json"
    assert found["xyz"] == f"{BASE}imagery/hillshade/{{z}}/{{x}}/{{y}}"
    assert any("web-map-links" in uri for uri in built["stac_extensions"])
    assert not any("web-map-links" in uri for uri in _item()["stac_extensions"])


def test_an_extension_is_named_exactly_where_its_fields_stand() -> None:
    prefixes = {"projection": '"proj:', "raster": '"raster:', "file": '"file:'}
    for name, item in _objects().items():
        text = re.sub("'", '"', str(item))
        for extension, prefix in prefixes.items():
            named = any(f"/{extension}/v" in uri for uri in item.get("stac_extensions", []))
            assert named == (prefix in text), (name, extension)


def test_a_collection_spans_its_items() -> None:
    other = _item(
        id=5, raster={"bounds": [500_000.0, 4_400_000.0, 510_000.0, 4_410_000.0]}, survey_date=date(2020, 1, 1)
    )
    whole = stac.collection(BASE, "dem", [_item(), other], EXTENT)
    box = whole["extent"]["spatial"]["bbox"][0]
    assert box[:2] == [_item()["bbox"][0], other["bbox"][1]]
    assert box[2:] == [other["bbox"][2], _item()["bbox"][3]]
    assert whole["extent"]["temporal"]["interval"] == [["2020-01-01T00:00:00Z", "2026-11-20T08:30:00.000005Z"]]
    assert [link["href"] for link in whole["links"] if link["rel"] == "item"] == [
        f"{BASE}stac/collections/dem/items/dem-v4",
        f"{BASE}stac/collections/dem/items/dem-v5",
    ]


def test_names_in_chinese_are_escaped_in_addresses() -> None:
    item = _item(dataset="高程")
    assert item["id"] == "高程-v4"
    own = next(link["href"] for link in item["links"] if link["rel"] == "self")
    assert own.isascii()
