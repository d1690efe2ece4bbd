"""/health, /metrics, /docs: whether the service is well, what it has done, and how it is used."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response

from api.deps import STRICT, Service, Shared
from api.metrics import CONTENT_TYPE
from api.responses import Json
from cim import __version__

router = APIRouter(tags=["service"])
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}


@router.get("/health", dependencies=[STRICT])
def health(shared: Shared) -> Json:
    """The city, what is built and how much is held; 503 while the database is away.

    `live` is `down` while events do not reach the clients of /live, `changes` while vector tiles are made anew for every
    request, for nobody says which have changed, `keeper` while nobody keeps the 3D tileset fresh. `synthetic` is true while
    anything held is made up.
    """
    with shared.database.begin() as connection:
        counts, synthetic = shared.inventory.of(connection)
    return Json(
        {
            "status": "ok",
            "city": _city(shared),
            "database": "ok",
            "live": "ok" if shared.live() else "down",
            "changes": "ok" if shared.changes() else "down",
            "keeper": "ok" if shared.keeper() else "down",
            "tilesets": tilesets(shared.data),
            "counts": counts,
            "synthetic": synthetic,
            "version": __version__,
        }
    )


@router.get("/metrics", dependencies=[STRICT])
def metrics(shared: Shared) -> Response:
    """Counters in Prometheus' text format."""
    return Response(shared.metrics.text(), media_type=CONTENT_TYPE)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """The interactive documentation, from this server alone."""
    root = request.scope.get("root_path", "")
    return get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title=f"{request.app.title} API",
        swagger_js_url=f"{root}/docs/swagger-ui-bundle.js",
        swagger_css_url=f"{root}/docs/swagger-ui.css",
        swagger_favicon_url=f"{root}/docs/favicon.png",
    )


def add_docs_assets(router: APIRouter) -> None:
    """One route for each file that the documentation page asks for."""
    for name, media_type in _ASSETS.items():
        router.add_api_route(f"/docs/{name}", _asset(name, media_type), include_in_schema=False)


def _asset(name: str, media_type: str) -> Any:
    def send() -> Response:
        body = files("fastapi_offline").joinpath("static", name).read_bytes()
        return Response(body, media_type=media_type, headers={"cache-control": "public, max-age=86400"})

    return send


add_docs_assets(router)


def tilesets(data: Path) -> list[str]:
    """The names of the tilesets that are built."""
    return sorted(path.parent.name for path in (data / "tiles").glob("*/tileset.json"))


def _city(shared: Service) -> dict[str, Any]:
    city = shared.city
    centre = city.centre()
    return {
        "name": city.name,
        "name_en": city.name_en,
        "time_zone": city.time_zone,
        "centre": list(centre),
        "old_town": list(centre if city.old_town is None else city.old_town.centre),
        "bbox": list(city.extent.as_tuple()),
    }
