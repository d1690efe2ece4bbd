"""/ogc: the layers as an OGC API Features service (Part 1: Core, GeoJSON)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from api.deps import STRICT, Asked, BBox, Limit, Shared
from api.limits import Id, LastId
from api.responses import GeoJson, Json
from cim.city import City
from cim.errors import BadInput, Unknown
from cim.geoid import Geoid
from cim.layers import GROUPS, LAYERS
from cim.plugins import Column, Layer
from cim.store import features
from cim.store.geoid import open_geoid
from cim.types import Box

router = APIRouter(prefix="/ogc", tags=["OGC API Features"], dependencies=[STRICT])
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CLASSES = [f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson")]
_MOST, _MOST_OFFSET = 10_000, 50_000

Heights = Annotated[
    Literal["city", "ellipsoidal"],
    Query(description="what the heights in the geometry count from: the city's height datum, or WGS 84's ellipsoid"),
]
_ELLIPSOID = "WGS 84 ellipsoid, through an approximate geoid"

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
def collections(request: Request, shared: Shared) -> Json:
    """Every layer of the model."""
    with shared.database.begin() as connection:
        boxes = {name: features.extent(connection, name) for name in COLLECTIONS}
    found = [_collection(COLLECTIONS[name], box, shared.city, request) for name, box in boxes.items()]
    links = [_link("self", str(request.url), "this page")]
    return Json({"links": links, "collections": found})


@router.get("/collections/{layer}")
def collection(request: Request, shared: Shared, layer: str) -> Json:
    """One layer: what it is, where, and what its features say."""
    known = _known(layer)
    with shared.database.begin() as connection:
        box = features.extent(connection, layer)
    return Json(_collection(known, box, shared.city, request))


@router.get("/collections/{layer}/items")
def items(
    request: Request,
    shared: Shared,
    layer: str,
    bbox: BBox,
    asked: Asked,
    limit: Limit = 100,
    heights: Heights = "city",
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
    with shared.database.begin() as connection:
        found = features.items(
            connection,
            layer,
            bbox=bbox,
            limit=offset + most + 1,
            after=after,
            at=asked.at,
            as_known_at=asked.as_known_at,
            geoid=_geoid(shared.city, layer, heights),
        )[offset:]
    vertical = _vertical(shared.city, layer, heights)
    return GeoJson(_page(request, found[:most], vertical, more=len(found) > most))


@router.get("/collections/{layer}/items/{id}")
def item(request: Request, shared: Shared, layer: str, id: Id, asked: Asked, heights: Heights = "city") -> GeoJson:
    """One feature."""
    _known(layer)
    geoid = _geoid(shared.city, layer, heights)
    with shared.database.begin() as connection:
        feature = features.item(connection, layer, id, at=asked.at, as_known_at=asked.as_known_at, geoid=geoid)
    base = f"{request.base_url}ogc/collections/{layer}"
    links = [_link("self", str(request.url), "this feature", GeoJson.media_type)]
    vertical = _vertical(shared.city, layer, heights)
    return GeoJson({**feature, **vertical, "links": [*links, _link("collection", base, "its layer")]})


def _known(name: str) -> Layer:
    if name not in COLLECTIONS:
        raise Unknown(f"no collection named {name!r}; known: {', '.join(COLLECTIONS)}")
    return COLLECTIONS[name]


def _geoid(city: City, layer: str, heights: str) -> Geoid | None:
    return open_geoid(city) if heights == "ellipsoidal" and COLLECTIONS[layer].z else None


def _vertical(city: City, layer: str, heights: str) -> dict[str, str]:
    """What the heights in a layer's geometry count from; nothing where it has none."""
    if not COLLECTIONS[layer].z:
        return {}
    return {"vertical": city.height_datum if heights == "city" else _ELLIPSOID}


def _page(request: Request, found: list[dict[str, Any]], vertical: dict[str, str], *, more: bool) -> dict[str, Any]:
    links = [_link("self", str(request.url), "this page", GeoJson.media_type)]
    if more:
        url = request.url.remove_query_params("offset").include_query_params(after=found[-1]["id"])
        links.append(_link("next", str(url), "the next page", GeoJson.media_type))
    return {"type": "FeatureCollection", "features": found, "numberReturned": len(found), **vertical, "links": links}


def _collection(layer: Layer, extent: Box | None, city: City, request: Request) -> dict[str, Any]:
    base = f"{request.base_url}ogc/collections/{layer.name}"
    spatial = {} if extent is None else {"extent": {"spatial": {"bbox": [list(extent.as_tuple())], "crs": CRS84}}}
    return {
        "id": layer.name,
        "title": layer.title,
        "title_en": layer.title_en,
        "data_class": layer.data_class,
        "group": dict(zip(("id", "title", "title_en"), (layer.group, *GROUPS[layer.group]), strict=True)),
        "systems": list(layer.systems),
        "itemType": "feature",
        "geometry": layer.geometry,
        "crs": [CRS84],
        **spatial,
        **_vertical(city, layer.name, "city"),
        "look": {"icon": layer.icon, "colour": layer.colour, "legend": layer.legend, "reach": layer.reach},
        "columns": [_column(one) for one in layer.columns],
        "links": [
            _link("self", base, layer.title_en),
            _link("items", f"{base}/items", f"the features of {layer.title_en}", GeoJson.media_type),
        ],
    }


def _column(one: Column) -> dict[str, Any]:
    """A column, with what each of its choices is called and its colour, where it has one."""
    found: dict[str, Any] = {
        "name": one.name,
        "type": one.kind,
        "title": one.title,
        "title_en": one.title_en,
        "unit": one.unit,
    }
    if one.choices:
        words = one.words or tuple((choice, choice) for choice in one.choices)
        colours = one.colours or (None,) * len(one.choices)
        each = zip(one.choices, words, colours, strict=True)
        found |= {"choices": [{"value": v, "title": zh, "title_en": en, "colour": c} for v, (zh, en), c in each]}
    return found


def _link(rel: str, href: str, title: str, media_type: str = "application/json") -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type, "title": title}
