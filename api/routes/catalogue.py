"""/catalogue: which datasets there are, who owns them and when they are due, their versions, reports and differences."""

from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from api.deps import STRICT, Db, Service, Shared
from api.disclosure import base_name, public
from api.limits import MOST_ID, Id
from api.links import link, segment
from api.reports.borders import borders
from api.reports.page import render
from api.responses import GeoJson, Json
from cim.errors import Unknown
from cim.layers import LAYERS
from cim.store import catalogue, history
from cim.store.db import Connection

router = APIRouter(prefix="/catalogue", tags=["catalogue"], dependencies=[STRICT])

STAGES = (
    ("归集", "collected as delivered"),
    ("基础", "checked base"),
    ("主题", "of one theme"),
    ("专题", "for one purpose"),
)
"""The four stages that data passes through, in their order."""
DATA_CLASSES = (
    ("时空基础", "space-time base"),
    ("资源调查", "resource survey"),
    ("规划管控", "planning control"),
    ("工程建设项目", "construction projects"),
    ("公共专题", "public thematic"),
    ("物联感知", "IoT sensing"),
    ("CIM成果", "CIM products"),
)
"""The seven classes of CIM data."""
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "vary": "Accept",
}

VersionId = Annotated[int, Query(ge=0, le=MOST_ID)]


@router.get("")
def overview(request: Request, shared: Shared) -> Json:
    """Every dataset, and which of them each stage (归集 → 基础 → 主题 → 专题) and each CIM data class holds."""
    with shared.database.begin() as connection:
        found = _datasets(shared, connection)
    return Json(
        {
            "stages": _grouped(STAGES, "stage", found),
            "data_classes": _grouped(DATA_CLASSES, "data_class", found),
            "datasets": [_dataset(request, one) for one in found],
            "overdue": len(_overdue(found)),
            "links": [
                link("self", f"{request.base_url}catalogue", "this page"),
                link("overdue", f"{request.base_url}catalogue/overdue", "datasets whose delivery is overdue"),
                link("stac", f"{request.base_url}stac", "rasters and tilesets as a STAC catalogue"),
            ],
        }
    )


@router.get("/overdue")
def overdue(request: Request, shared: Shared) -> Json:
    """The datasets whose delivery is overdue, the longest first."""
    with shared.database.begin() as connection:
        late = _overdue(_datasets(shared, connection))
    return Json({"datasets": [_dataset(request, one) for one in sorted(late, key=lambda one: -one["overdue_days"])]})


@router.get("/lineage/{layer}/{id}")
def lineage(db: Db, layer: str, id: Id) -> Json:
    """Where an object comes from: the deliveries, files and rows behind each of its states."""
    if layer not in LAYERS:
        raise Unknown(f"no layer named {layer!r}; known: {', '.join(LAYERS)}")
    with db.begin() as connection:
        return Json(public(history.lineage(connection, layer, id)))


@router.get("/{dataset}")
def dataset(request: Request, shared: Shared, dataset: str) -> Json:
    """One dataset with its versions, the newest first."""
    with shared.database.begin() as connection:
        found = _known(shared, connection, dataset)
        versions = catalogue.versions(connection, dataset)
    return Json({**_dataset(request, found), "version_list": [_version(request, one) for one in versions]})


@router.get("/{dataset}/versions/{id}")
def version(request: Request, db: Db, dataset: str, id: Id) -> Json:
    """One version: what was delivered, when, and what of it was let in."""
    with db.begin() as connection:
        return Json(_version(request, catalogue.version(connection, dataset, id)))


@router.get("/{dataset}/versions/{id}/report")
def report(
    request: Request,
    shared: Shared,
    dataset: str,
    id: Id,
    f: Annotated[Literal["json", "html"] | None, Query(description="the form, whatever Accept says")] = None,
) -> Response:
    """What the load did with every record: JSON, or a page to read where Accept prefers text/html or with f=html."""
    html = f == "html" if f is not None else prefers_html(request.headers.get("accept", ""))
    with shared.database.begin() as connection:
        held = catalogue.version(connection, dataset, id)
        told = catalogue.report(connection, id)
        outline = borders(connection) if html else None
    told = public(told, [str(told.get("source") or ""), str(held.get("location") or "")])
    if told.get("source"):
        told["source"] = base_name(str(told["source"]))
    if not html:
        return Json(told, headers={"vary": "Accept"})
    city = shared.city
    page = render(
        told,
        city_name=city.name,
        city_name_en=city.name_en,
        extent=city.extent,
        outline=outline,
        version=_by_clock(public(held), ZoneInfo(city.time_zone)),
    )
    return HTMLResponse(page, headers=_PAGE_HEADERS)


@router.get("/{dataset}/diff")
def diff(
    request: Request,
    db: Db,
    dataset: str,
    start: Annotated[VersionId, Query(alias="from", description="the id of the version to compare from")],
    end: Annotated[VersionId, Query(alias="to", description="the id of the version to compare to")],
    limit: Annotated[int, Query(ge=1, le=10_000, description="at most so many features; the counts are whole")] = 1_000,
) -> GeoJson:
    """What changed between two versions: Features that say what became of them, and the whole counts.

    `more` is true where the limit left features out.
    """
    with db.begin() as connection:
        for id in (start, end):
            catalogue.version(connection, dataset, id)
        found = history.diff(connection, start, end)
        held = list(islice(found.features, limit + 1))
        counts = dict(found.counts)
    return GeoJson(
        {
            "type": "FeatureCollection",
            "dataset": dataset,
            "from": start,
            "to": end,
            "counts": counts,
            "limit": limit,
            "numberReturned": min(len(held), limit),
            "more": len(held) > limit,
            "features": held[:limit],
            "links": [link("self", str(request.url), "this page", GeoJson.media_type)],
        }
    )


def prefers_html(accept: str) -> bool:
    """Whether an Accept header asks for text/html before JSON (RFC 9110 12.5.1); equal wishes get JSON.

    >>> prefers_html("text/html,application/xml;q=0.9,*/*;q=0.8"), prefers_html("*/*"), prefers_html("")
    (True, False, False)
    >>> prefers_html("application/json, text/html;q=0.5"), prefers_html("text/*, application/json;q=0.1")
    (False, True)
    """
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            weights[kind] = float(weight)
        except ValueError:
            continue
    html, json = (
        next((weights[kind] for kind in kinds if kind in weights), 0.0)
        for kinds in (("text/html", "text/*", "*/*"), ("application/json", "application/*", "*/*"))
    )
    return html > json


def _grouped(names: tuple[tuple[str, str], ...], key: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": zh, "name_en": en, "datasets": [one["name"] for one in found if one[key] == zh]} for zh, en in names
    ]


def _overdue(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in found if (one["overdue_days"] or 0) > 0]


def _known(shared: Service, connection: Connection, name: str) -> dict[str, Any]:
    for one in _datasets(shared, connection):
        if one["name"] == name:
            return one
    raise Unknown(f"no dataset named {name!r}; /catalogue lists them")


def _datasets(shared: Service, connection: Connection) -> list[dict[str, Any]]:
    """Every dataset, as of today by the city's own clock."""
    today = shared.clock().astimezone(ZoneInfo(shared.city.time_zone)).date()
    return [public(one) for one in catalogue.datasets(connection, today)]


def _dataset(request: Request, one: dict[str, Any]) -> dict[str, Any]:
    base = f"{request.base_url}catalogue/{segment(one['name'])}"
    links = [link("self", base, "the dataset and its versions")]
    if one["published_version"] is not None:
        report = f"{base}/versions/{one['published_version']}/report"
        links += [link("report", report, "the quality report of the published version")]
        links += [link("report", f"{report}?f=html", "the same as a page", "text/html")]
    return {**one, "links": links}


def _version(request: Request, one: dict[str, Any]) -> dict[str, Any]:
    base = f"{request.base_url}catalogue/{segment(one['dataset'])}"
    links = [
        link("self", f"{base}/versions/{one['id']}", "this version"),
        link("dataset", base, "its dataset"),
        link("report", f"{base}/versions/{one['id']}/report", "its quality report"),
        link("report", f"{base}/versions/{one['id']}/report?f=html", "the same as a page", "text/html"),
        link("quarantine", f"{base}/versions/{one['id']}/quarantine", "the records that it did not let in"),
        link("exports", f"{base}/versions/{one['id']}/exports", "the formats it can be fetched in"),
    ]
    return {**public(one), "links": links}


def _by_clock(held: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """A version whose times are those of the city's own clock."""
    return {k: v.astimezone(zone) if isinstance(v, datetime) else v for k, v in held.items()}
