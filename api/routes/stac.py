"""/stac: published rasters and what is built, for every tool that reads STAC."""

import hashlib
import json
from datetime import UTC, datetime
from math import degrees
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request

from api import stac
from api.deps import STRICT, Service, Shared
from api.links import link
from api.responses import GeoJson, Json
from api.stac_points import points_item
from cim.errors import Unknown
from cim.store import catalogue
from cim.types import Box
from tilesets.imagery.layer import LAYER, ImageryLayer

router = APIRouter(prefix="/stac", tags=["STAC"], dependencies=[STRICT])


@router.get("")
@router.get("/", include_in_schema=False)
def root(request: Request, shared: Shared) -> Json:
    """The catalogue."""
    return Json(stac.catalog(str(request.base_url), f"{shared.city.name} {shared.city.name_en}"))


@router.get("/collections")
def collections(request: Request, shared: Shared) -> Json:
    """The collections: elevation models, orthophotos, tilesets."""
    base = str(request.base_url)
    found = [_collection(base, shared, name) for name in stac.COLLECTIONS]
    links = [
        link("self", f"{base}stac/collections", "this page"),
        link("root", f"{base}stac", "the catalogue"),
    ]
    return Json({"collections": found, "links": links})


@router.get("/collections/{collection}")
def collection(request: Request, shared: Shared, collection: str) -> Json:
    """One collection."""
    return Json(_collection(str(request.base_url), shared, collection))


@router.get("/collections/{collection}/items")
def items(request: Request, shared: Shared, collection: str) -> GeoJson:
    """All items of a collection: a published raster version or a built product each."""
    base = str(request.base_url)
    return GeoJson(stac.page(base, collection, _items(base, shared, collection)))


@router.get("/collections/{collection}/items/{item}")
def item(request: Request, shared: Shared, collection: str, item: str) -> GeoJson:
    """One item."""
    found = {one["id"]: one for one in _items(str(request.base_url), shared, collection)}
    if item not in found:
        raise Unknown(f"collection {collection} has no item {item!r}; there are: {', '.join(found) or 'none yet'}")
    return GeoJson(found[item])


def _collection(base: str, shared: Service, name: str) -> dict[str, Any]:
    return stac.collection(base, name, _items(base, shared, name), shared.city.extent)


def _items(base: str, shared: Service, name: str) -> list[dict[str, Any]]:
    if name not in stac.COLLECTIONS:
        raise Unknown(f"no collection named {name!r}; known: {', '.join(stac.COLLECTIONS)}")
    products = _products(shared)
    if name == "tilesets":
        return [stac.product_item(base, product) for product in products]
    with shared.database.begin() as connection:
        datasets = {one["name"]: one for one in catalogue.datasets(connection, shared.clock().date())}
        versions = catalogue.versions(connection)
    held = [v for v in versions if v["state"] == "published" and v["layer"] == name and v["raster"] is not None]
    built = {product.id for product in products}
    if name in stac.POINTS:
        return [points_item(base, version, datasets[version["dataset"]]) for version in held]
    return [stac.raster_item(base, version, datasets[version["dataset"]], built) for version in held]


def _products(shared: Service) -> list[stac.Product]:
    """What is built and served now."""
    found = []
    for path in sorted((shared.data / "tiles").glob("*/tileset.json")):
        name = path.parent.name
        door = f"tiles3d/{name}/tileset.json"
        service = ("3d-tiles", door, "application/json")
        found.append(
            _tiled(path, f"tiles3d-{name}", ("三维瓦片", f"3D Tiles: {name}"), door, shared.city.extent, service)
        )
    terrain = shared.data / "terrain" / "layer.json"
    if terrain.is_file():
        found.append(_tiled(terrain, "terrain", ("地形", "Terrain"), "terrain/layer.json", shared.city.extent, None))
    return found + [_picture(layer) for layer in shared.imagery().values()]


def _tiled(
    path: Path, id: str, titles: tuple[str, str], door: str, extent: Box, service: tuple[str, str, str] | None
) -> stac.Product:
    data = path.read_bytes()
    return stac.Product(
        id=id,
        title=titles[0],
        title_en=titles[1],
        box=_box(json.loads(data)) or extent,
        created=_made(path),
        href=door,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        link=service,
    )


def _picture(layer: ImageryLayer) -> stac.Product:
    tiles = f"imagery/{layer.name}/{{z}}/{{x}}/{{y}}"
    return stac.Product(
        id=f"imagery-{layer.name}",
        title=layer.title,
        title_en=layer.title_en,
        box=Box(*layer.bbox),
        created=_made(layer.folder / LAYER),
        href="imagery",
        link=("xyz", tiles, "image/png"),
        version=layer.version,
    )


def _made(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _box(root: dict[str, Any]) -> Box | None:
    """Where a root says that its tiles are: a terrain's bounds, or the region of a tileset; None where it says neither."""
    if "bounds" in root:
        return Box(*root["bounds"])
    region = root.get("root", {}).get("boundingVolume", {}).get("region")
    return None if region is None else Box(*(degrees(angle) for angle in region[:4]))
