"""/coverage: who covers a place (cameras, base stations), and what of another layer nobody covers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.deps import STRICT, Db
from api.links import link
from api.responses import GeoJson, Json
from cim.errors import Unknown
from cim.layers import LAYERS
from cim.store import features, reaches

router = APIRouter(prefix="/coverage", tags=["coverage"], dependencies=[STRICT])
_MOST_SHOWN = 200


@router.get("/{layer}")
def covering(
    request: Request,
    db: Db,
    layer: str,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
) -> GeoJson:
    """The features of a layer that cover a place, the nearest first; edges count as inside. Walls are not looked at."""
    _refuse_unknown(layer)
    with db.begin() as connection:
        ids = reaches.covering(connection, layer, (lon, lat))
        found = [features.item(connection, layer, id) for id in ids[:_MOST_SHOWN]]
    links = [link("self", str(request.url), "this page", GeoJson.media_type)]
    return GeoJson({"type": "FeatureCollection", "features": found, "numberMatched": len(ids), "links": links})


@router.get("/{layer}/gaps")
def gaps(
    request: Request,
    db: Db,
    layer: str,
    of: Annotated[str, Query(description="the layer whose features are looked for", examples=["schools"])],
) -> Json:
    """How many features of another layer there are, and the ids of those that nothing of this layer covers."""
    _refuse_unknown(layer)
    with db.begin() as connection:
        count, bare = reaches.gaps(connection, layer, of)
    base = f"{request.base_url}ogc/collections/{of}/items"
    links = [link("self", str(request.url), "this page"), link("items", base, f"the features of {of}")]
    return Json({"layer": layer, "of": of, "features": count, "uncovered": len(bare), "ids": bare, "links": links})


def _refuse_unknown(layer: str) -> None:
    if layer not in LAYERS:
        raise Unknown(f"no layer named {layer!r}; known: {', '.join(LAYERS)}")
