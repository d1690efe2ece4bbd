"""/ogc: the layers as an OGC API Features service (Part 1: Core, GeoJSON)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.deps import STRICT, Asked, BBox, Db, Limit
from api.limits import Id, LastId
from api.responses import GeoJson, Json
from cim.errors import BadInput, Unknown
from cim.layers import LAYERS
from cim.plugins import Layer
from cim.store import features
from cim.types import Box

router = APIRouter(prefix="/ogc", tags=["OGC API Features"], dependencies=[STRICT])
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CLASSES = [f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson")]
_MOST, _MOST_OFFSET = 10_000, 50_000

# What stands in the feature table; rasters have doors of their own, and what observes is at /sta and /sensors.
COLLECTIONS = {
    name: layer
    for name, layer in LAYERS.items()
    if layer.geometry not in ("raster", "points") and name not in ("stations", "vehicles")
}


@router.get("")
@router.get("/", include_in_schema=False)
def landing(request: Request) -> Json:
    """Where everything is."""
    base = str(request.base_url).rstrip("/")
    return Json(
        {
            "title": request.app.title,
            "description": "城市信息模型要素服务 / features of the city information model",
            "links": [
                _link("self", f"{base}/ogc", "this page"),
                _link(
                    "service-desc", f"{base}/openapi.json", "OpenAPI", "application/vnd.oai.openapi+json;version=3.0"
                ),
                _link("service-doc", f"{base}/docs", "documentation", "text/html"),
                _link("conformance", f"{base}/ogc/conformance", "what of the standard is served"),
                _link("data", f"{base}/ogc/collections", "the layers"),
            ],
        }
    )


@router.get("/conformance")
def conformance() -> Json:
    """The conformance classes."""
    return Json({"conformsTo": _CLASSES})


@router.get("/collections")
def collections(request: Request, db: Db) -> Json:
    """Every layer of the model."""
    with db.begin() as connection:
        found = [_collection(layer, features.extent(connection, name), request) for name, layer in COLLECTIONS.items()]
    links = [_link("self", str(request.url), "this page")]
    return Json({"links": links, "collections": found})


@router.get("/collections/{layer}")
def collection(request: Request, db: Db, layer: str) -> Json:
    """One layer: what it is, where, and what its features say."""
    known = _known(layer)
    with db.begin() as connection:
        return Json(_collection(known, features.extent(connection, layer), request))


@router.get("/collections/{layer}/items")
def items(
    request: Request,
    db: Db,
    layer: str,
    bbox: BBox,
    asked: Asked,
    limit: Limit = 100,
    after: LastId = None,
    offset: Annotated[
        int, Query(ge=0, description="for small layers; the `next` link costs the same at any depth")
    ] = 0,
) -> GeoJson:
    """Features of a layer, ascending id; follow the `next` link for more."""
    _known(layer)
    most = min(limit, _MOST)
    if offset > _MOST_OFFSET:
        raise BadInput(f"offset={offset}: at most {_MOST_OFFSET}; follow the `next` links instead")
    with db.begin() as connection:
        found = features.items(
            connection,
            layer,
            bbox=bbox,
            limit=offset + most + 1,
            after=after,
            at=asked.at,
            as_known_at=asked.as_known_at,
        )[offset:]
    return GeoJson(_page(request, found[:most], more=len(found) > most))


@router.get("/collections/{layer}/items/{id}")
def item(request: Request, db: Db, layer: str, id: Id, asked: Asked) -> GeoJson:
    """One feature."""
    _known(layer)
    with db.begin() as connection:
        feature = features.item(connection, layer, id, at=asked.at, as_known_at=asked.as_known_at)
    base = f"{request.base_url}ogc/collections/{layer}"
    links = [_link("self", str(request.url), "this feature", GeoJson.media_type)]
    return GeoJson({**feature, "links": [*links, _link("collection", base, "its layer")]})


def _known(name: str) -> Layer:
    if name not in COLLECTIONS:
        raise Unknown(f"no collection named {name!r}; known: {', '.join(COLLECTIONS)}")
    return COLLECTIONS[name]


def _page(request: Request, found: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    links = [_link("self", str(request.url), "this page", GeoJson.media_type)]
    if more:
        url = request.url.remove_query_params("offset").include_query_params(after=found[-1]["id"])
        links.append(_link("next", str(url), "the next page", GeoJson.media_type))
    return {"type": "FeatureCollection", "features": found, "numberReturned": len(found), "links": links}


def _collection(layer: Layer, extent: Box | None, request: Request) -> dict[str, Any]:
    base = f"{request.base_url}ogc/collections/{layer.name}"
    spatial = {} if extent is None else {"extent": {"spatial": {"bbox": [list(extent.as_tuple())], "crs": CRS84}}}
    return {
        "id": layer.name,
        "title": layer.title,
        "title_en": layer.title_en,
        "data_class": layer.data_class,
        "itemType": "feature",
        "crs": [CRS84],
        **spatial,
        "columns": [
            {"name": c.name, "type": c.kind, "title": c.title, "title_en": c.title_en, "unit": c.unit}
            for c in layer.columns
        ],
        "links": [
            _link("self", base, layer.title_en),
            _link("items", f"{base}/items", f"the features of {layer.title_en}", GeoJson.media_type),
        ],
    }


def _link(rel: str, href: str, title: str, media_type: str = "application/json") -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type, "title": title}
