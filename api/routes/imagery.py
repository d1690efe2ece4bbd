"""/imagery: the orthophoto, the hillshade and the slope in web Mercator tiles."""

from fastapi import APIRouter
from starlette.responses import Response

from api.deps import STRICT, Shared
from api.responses import Json
from cim.errors import Unknown
from tilesets.imagery.steepness import LEGEND

router = APIRouter(prefix="/imagery", tags=["tiles"], dependencies=[STRICT])
_FOR_AN_HOUR = {"cache-control": "public, max-age=3600"}
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}


@router.get("")
def layers(shared: Shared) -> Json:
    """What there is, where, and how deep; of the slope also which colour stands for how many degrees."""
    names = ("name", "title", "title_en", "bbox", "minzoom", "maxzoom", "version")
    found = [{name: getattr(layer, name) for name in names} for layer in shared.imagery().values()]
    return Json({"layers": [{**one, "legend": LEGEND} if one["name"] == "slope" else one for one in found]})


@router.get("/{layer}/{z}/{x}/{y}")
def tile(shared: Shared, layer: str, z: int, x: int, y: int, v: str | None = None) -> Response:
    """One tile of 256 pixels; JPEG where it is covered whole, else PNG. v: the layer's version, to keep it for ever."""
    held = shared.imagery()
    if layer not in held:
        raise Unknown(f"no imagery layer named {layer!r}; built: {', '.join(held) or 'none yet'}")
    picture = held[layer].tile(z, x, y)
    kept = _FOR_EVER if v == held[layer].version else _FOR_AN_HOUR
    return Response(picture.data, media_type=picture.media_type, headers=kept)
