"""/catalogue/{dataset}/versions/{id}/export: one version of a dataset as a file of other programs."""

from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from api.commands import command
from api.deps import STRICT, Db, Shared
from api.limits import Id
from api.links import attachment, segment
from api.responses import Json
from cim import __version__
from cim.layers import LAYERS
from cim.store import catalogue

router = APIRouter(prefix="/catalogue", tags=["catalogue"], dependencies=[STRICT])

MEDIA_TYPES = {
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
    "fgb": "application/vnd.flatgeobuf",
    "geojson": "application/geo+json",
    "geojsonseq": "application/geo+json-seq",
    "csv": "text/csv",
    "shp": "application/zip",
    "cityjson": "application/city+json",
    "cityjsonseq": "application/city+json-seq",
}
"""What each format is called on the wire; a Shapefile, which is several files, comes as an archive with its manifest."""
_OF_BUILDINGS = ("cityjson", "cityjsonseq")  # formats that hold nothing else
MOST_RECORDS = 50_000
"""So many records are written while a client waits; the project's own bound."""
_CHUNK = 256 * 1024

Format = Literal["gpkg", "parquet", "fgb", "geojson", "geojsonseq", "csv", "shp", "cityjson", "cityjsonseq"]


@router.get("/{dataset}/versions/{id}/exports")
def exports(request: Request, db: Db, dataset: str, id: Id) -> Json:
    """The formats that a version can be fetched in, as STAC assets; none for rasters and devices."""
    with db.begin() as connection:
        held = catalogue.version(connection, dataset, id)
    base = f"{request.base_url}catalogue/{segment(dataset)}/versions/{id}/export?f="
    has_records = held["published_at"] is not None and held["raster"] is None
    has_records &= LAYERS[held["layer"]].geometry != "raster" and held["layer"] not in ("stations", "vehicles")
    assets = {
        name: {"href": base + name, "type": kind, "title": f"{dataset} v{id} ({name})", "roles": ["data"]}
        for name, kind in MEDIA_TYPES.items()
        if has_records and (name not in _OF_BUILDINGS or held["layer"] == "buildings")
    }
    return Json({"dataset": dataset, "version": id, "most_records": MOST_RECORDS, "assets": assets})


@router.get("/{dataset}/versions/{id}/export", response_class=Response)
def export(
    shared: Shared,
    dataset: str,
    id: Id,
    f: Annotated[Format, Query(description="the format")] = "gpkg",
    crs: Annotated[str | None, Query(description="EPSG code, or GCJ-02; default: the city frame")] = None,
    encoding: Annotated[str | None, Query(description="of text in csv and shp")] = None,
    if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """The records of a version, whole; above 50,000 of them `cim export` writes them. A version never changes."""
    asked = command("export").Asked(dataset, id, f, crs, encoding)
    with shared.database.begin() as connection:
        catalogue.version(connection, dataset, id)
    etag = f'"{asked.digest(__version__, shared.data)}"'
    headers = {"etag": etag, "cache-control": "no-cache"}
    if if_none_match is not None and etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    name, size, file = asked.written(shared.database, shared.city, shared.data, shared.clock, MOST_RECORDS)
    headers |= {"content-disposition": attachment(name), "content-length": str(size)}
    return StreamingResponse(_pieces(file), media_type=MEDIA_TYPES[f], headers=headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
