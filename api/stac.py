"""The rasters and tilesets as a STAC 1.1.0 catalogue, pure: values in, STAC objects out.

Fields with the prefix `cim:` are the project's own. An item's `datetime` is what `cim:datetime_is` says it is: the day of
the survey (its midnight UTC stands for the day), or the moment of publication where nobody stated a survey.
"""

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np

from api.disclosure import base_name
from api.links import link, segment
from cim import crs as frames
from cim.layers import LAYERS
from cim.types import Box

VERSION = "1.1.0"
GEOJSON = "application/geo+json"
_MEDIA = {"GTiff": "image/tiff; application=geotiff", "AAIGrid": "text/plain"}
RASTERS = ("dem", "dsm", "orthophoto")
POINTS = ("point_clouds",)
COLLECTIONS = (*RASTERS, *POINTS, "tilesets")
_TITLES = {name: (LAYERS[name].title, LAYERS[name].title_en) for name in (*RASTERS, *POINTS)} | {
    "tilesets": ("瓦片产品", "Tilesets")
}
_CONFORMS = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/collections"]
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
_RASTER = "https://stac-extensions.github.io/raster/v2.0.0/schema.json"
FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
_WEB_MAP = "https://stac-extensions.github.io/web-map-links/v1.2.0/schema.json"
_DATA_TYPES = {"complex64": "cfloat32", "complex128": "cfloat64", "complex_int16": "cint16"}
_STEPS = 8  # parts of each side of a footprint, so that it follows the raster's own frame


@dataclass(frozen=True, slots=True)
class Product:
    """Something built that is served: its item's id, titles, where (degrees), when it was made, and its door.

    href: of its root, beside the base address. sha256, size: of the bytes at that door; None where they change with what
    else is built. link: (rel, href, media type) of a map service; version: of its content, where it has one.
    """

    id: str
    title: str
    title_en: str
    box: Box
    created: datetime
    href: str
    sha256: str | None = None
    size: int | None = None
    link: tuple[str, str, str] | None = None
    version: str | None = None


def catalog(base: str, city: str) -> dict[str, Any]:
    """The root. base: the address of the server, with a slash at its end."""
    title = f"{city} · 栅格与瓦片 Rasters and tilesets"
    return {
        "type": "Catalog",
        "stac_version": VERSION,
        "id": "cim",
        "title": title,
        "description": "已发布的高程模型、正射影像与由其生成的瓦片。"
        "The elevation models, orthophotos and tilesets that are published.",
        "conformsTo": _CONFORMS,
        "links": [
            link("self", f"{base}stac", title),
            link("root", f"{base}stac", title),
            link("data", f"{base}stac/collections", "the collections"),
            link("service-desc", f"{base}openapi.json", "OpenAPI", "application/vnd.oai.openapi+json;version=3.0"),
            link("service-doc", f"{base}docs", "documentation", "text/html"),
            *(link("child", f"{base}stac/collections/{name}", " ".join(_TITLES[name])) for name in COLLECTIONS),
        ],
    }


def collection(base: str, name: str, items: Sequence[Mapping[str, Any]], extent: Box) -> dict[str, Any]:
    """One collection. items: all of its; extent: the city's, which stands where there are none."""
    address, title = f"{base}stac/collections/{name}", " ".join(_TITLES[name])
    boxes = np.array([item["bbox"] for item in items] or [extent.as_tuple()])
    times = sorted(item["properties"]["datetime"] for item in items)
    return {
        "type": "Collection",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": name,
        "title": title,
        "description": f"{title}: 各数据集的权属与许可见目录。Owners and licences stand in the catalogue, by dataset.",
        "license": "other",
        "extent": {
            "spatial": {"bbox": [[*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()]]},
            "temporal": {"interval": [[times[0], times[-1]] if times else [None, None]]},
        },
        "links": [
            link("self", address, title),
            link("root", f"{base}stac", "the catalogue"),
            link("parent", f"{base}stac", "the catalogue"),
            link("items", f"{address}/items", "its items", GEOJSON),
            link("license", f"{base}catalogue", "the datasets with their licences"),
            *(link("item", f"{address}/items/{segment(item['id'])}", str(item["id"]), GEOJSON) for item in items),
        ],
    }


def page(base: str, name: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All items of a collection as a FeatureCollection."""
    address = f"{base}stac/collections/{name}"
    links = [
        link("self", f"{address}/items", "this page", GEOJSON),
        link("root", f"{base}stac", "the catalogue"),
        link("collection", address, "their collection"),
    ]
    return {"type": "FeatureCollection", "features": list(items), "numberReturned": len(items), "links": links}


def raster_item(
    base: str, version: Mapping[str, Any], dataset: Mapping[str, Any], built: Collection[str]
) -> dict[str, Any]:
    """The item of a published raster version.

    version, dataset: rows of the catalogue; version["raster"] holds crs, bounds, width, height, bands, dtype, nodata,
    pixel_m, and of an elevation model `heights` (what they count from). built: ids of the products that are served, for
    links to them.
    """
    raster, layer = version["raster"], str(version["layer"])
    ring = footprint(tuple(raster["bounds"]), str(raster["crs"]))
    when, which = when_of(version)
    services = _services(base, layer, built)
    extensions = [PROJECTION, _RASTER, FILE, *([_WEB_MAP] if any(s["rel"] == "xyz" for s in services) else [])]
    published = version.get("published_at")
    properties = {
        "title": dataset.get("title") or version["dataset"],
        "datetime": when,
        **({} if published is None else {"created": _utc(published)}),
        **({} if not dataset.get("owner") else {"providers": [{"name": dataset["owner"], "roles": ["producer"]}]}),
        "gsd": raster["pixel_m"],
        **projection(str(raster["crs"])),
        "proj:shape": [raster["height"], raster["width"]],
        "proj:bbox": list(raster["bounds"]),
        "cim:datetime_is": which,
        "cim:dataset": version["dataset"],
        "cim:version": version["id"],
        "cim:accuracy_m": version.get("accuracy_m"),
        **({"cim:heights": raster["heights"]} if layer in ("dem", "dsm") and raster.get("heights") else {}),
        "cim:licence": dataset.get("licence"),
    }
    report = f"{base}catalogue/{segment(version['dataset'])}/versions/{version['id']}/report"
    links = [*services, link("describedby", report, "its quality report")]
    id = f"{version['dataset']}-v{version['id']}"
    return item(base, layer, id, ring, properties, {"data": _data(version)}, links, extensions)


def product_item(base: str, product: Product) -> dict[str, Any]:
    """The item of something built."""
    b = product.box
    ring = [[b.west, b.south], [b.east, b.south], [b.east, b.north], [b.west, b.north], [b.west, b.south]]
    made = _utc(product.created)
    properties = {"title": f"{product.title} {product.title_en}", "datetime": made, "created": made}
    properties |= {"cim:datetime_is": "created"} | ({} if product.version is None else {"cim:content": product.version})
    asset: dict[str, Any] = {"href": base + product.href, "type": "application/json", "roles": ["metadata"]}
    extensions, links = [], []
    if product.sha256 is not None:
        asset |= {"roles": ["data"], "file:checksum": multihash(product.sha256), "file:size": product.size}
        extensions.append(FILE)
    if product.link is not None:
        rel, href, media_type = product.link
        links.append(link(rel, base + href, properties["title"], media_type))
        extensions.append(_WEB_MAP)
    return item(base, "tilesets", product.id, ring, properties, {"root": asset}, links, extensions)


def multihash(sha256: str) -> str:
    """A SHA-256 (hex) as a multihash: its code 12, its length 20, then the digest (multiformats.io).

    >>> multihash("00" * 32)[:6], len(multihash("00" * 32))
    ('122000', 68)
    """
    return f"1220{sha256.lower()}"


def footprint(bounds: tuple[float, float, float, float], crs: str) -> list[list[float]]:
    """The closed ring (lon/lat degrees, counter-clockwise) of a rectangle in some frame, its sides in short steps."""
    west, south, east, north = bounds
    corners = np.array([[west, south], [east, south], [east, north], [west, north], [west, south]])
    part = np.arange(4 * _STEPS + 1) / _STEPS
    along = np.column_stack([np.interp(part, range(5), corners[:, axis]) for axis in (0, 1)])
    ring = frames.transform(along, crs, frames.LONLAT)
    found: list[list[float]] = ring.round(7).tolist()
    return found


def item(
    base: str,
    name: str,
    id: str,
    ring: list[list[float]],
    properties: Mapping[str, Any],
    assets: Mapping[str, Any],
    links: Sequence[Mapping[str, str]],
    extensions: Sequence[str],
) -> dict[str, Any]:
    """Any item: where its ring (lon/lat degrees) lies, what it is, what it consists of, and the STAC extensions it uses."""
    address = f"{base}stac/collections/{name}"
    lons, lats = [p[0] for p in ring], [p[1] for p in ring]
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": list(extensions),
        "id": id,
        "collection": name,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [min(lons), min(lats), max(lons), max(lats)],
        "properties": dict(properties),
        "assets": dict(assets),
        "links": [
            link("self", f"{address}/items/{segment(id)}", id, GEOJSON),
            link("root", f"{base}stac", "the catalogue"),
            link("parent", address, "its collection"),
            link("collection", address, "its collection"),
            *links,
        ],
    }


def _data(version: Mapping[str, Any]) -> dict[str, Any]:
    """The delivered file: named and hashed, not served; so its address is its hash (RFC 6920)."""
    raster, name = version["raster"], base_name(str(version["location"]))
    digest = base64.urlsafe_b64encode(bytes.fromhex(version["checksum"])).rstrip(b"=").decode()
    asset = {
        "href": f"ni:///sha-256;{digest}",
        "type": _MEDIA.get(raster.get("delivered", "GTiff"), "application/octet-stream"),
        "title": name,
        "description": "交付的原始文件，不在此提供下载。The file as delivered; it is not served here.",
        "roles": ["data"],
        "file:checksum": multihash(version["checksum"]),
        "bands": _bands(raster, str(version["layer"])),
    }
    if raster.get("size") is not None:
        asset["file:size"] = raster["size"]
    if re.fullmatch(r"[^\r\n\t\\:'\"/]+", name):
        asset["file:local_path"] = name
    return asset


def _bands(raster: Mapping[str, Any], layer: str) -> list[dict[str, Any]]:
    count, dtype, nodata = int(raster["bands"]), str(raster["dtype"]), raster.get("nodata")
    names = ["height"] if layer in ("dem", "dsm") and count == 1 else ["red", "green", "blue"] if count == 3 else []
    band: dict[str, Any] = {"data_type": _DATA_TYPES.get(dtype, dtype), "raster:spatial_resolution": raster["pixel_m"]}
    if nodata is not None:
        band["nodata"] = nodata if np.isfinite(float(nodata)) else str(float(nodata))
    if layer in ("dem", "dsm"):
        band["unit"] = "m"
    return [{"name": names[n] if names else f"b{n + 1}", **band} for n in range(count)]


def projection(crs: str) -> dict[str, Any]:
    """proj:code, with the WKT where there is no code. GCJ-02 and BD-09 have neither."""
    if crs.startswith("EPSG:"):
        return {"proj:code": crs}
    return {"proj:code": None, **({} if crs in (frames.GCJ02, frames.BD09) else {"proj:wkt2": crs})}


def _services(base: str, layer: str, built: Collection[str]) -> list[dict[str, str]]:
    """Where the pixels can be seen."""
    found = []
    if layer == "dem" and "terrain" in built:
        found.append(link("related", f"{base}terrain/layer.json", "the terrain tiles made of it"))
    picture = {"dem": "hillshade", "orthophoto": "orthophoto"}.get(layer)
    if f"imagery-{picture}" in built:
        found.append(link("xyz", f"{base}imagery/{picture}/{{z}}/{{x}}/{{y}}", "as map tiles", "image/png"))
    return found


def when_of(version: Mapping[str, Any]) -> tuple[str, str]:
    """(the item's time, which time that is)."""
    surveyed = version.get("survey_date")
    if isinstance(surveyed, date):
        return _utc(datetime.combine(surveyed, time(), UTC)), "survey_date"
    which = next(name for name in ("published_at", "ended_at", "started_at") if version.get(name) is not None)
    return _utc(version[which]), which


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
