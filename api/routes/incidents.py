"""/incidents: reported, verified, dispatched, closed (or rejected), each step told to everybody on /live."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.deps import STRICT, BBox, Db, Limit, Shared
from api.limits import Id, LastId, Text
from api.responses import GeoJson
from cim.errors import BadInput
from cim.store import incidents
from cim.types import Box

router = APIRouter(prefix="/incidents", tags=["incidents"], dependencies=[STRICT])


class Point(BaseModel):
    """A GeoJSON Point in WGS 84 longitude and latitude."""

    type: Literal["Point"]
    coordinates: Annotated[list[float], Field(min_length=2, max_length=3)]


class Told(BaseModel):
    """What the one who reports knows."""

    model_config = ConfigDict(extra="forbid")
    kind: Text
    title: Annotated[Text, Field(min_length=1, max_length=200)]
    severity: Annotated[int, Field(ge=1, le=4, description="1 特别重大, 2 重大, 3 较大, 4 一般")]
    description: Annotated[Text | None, Field(max_length=4000)] = None
    reported_by: Annotated[Text | None, Field(max_length=200)] = None
    is_synthetic: bool = False


class Report(BaseModel):
    """A new incident as a GeoJSON Feature."""

    type: Literal["Feature"]
    geometry: Point
    properties: Told


class Step(BaseModel):
    """The state that an incident is to take."""

    model_config = ConfigDict(extra="forbid")
    state: Text
    note: Annotated[Text | None, Field(max_length=4000)] = None
    by: Annotated[Text | None, Field(max_length=200)] = None


@router.post("", status_code=201)
def report(request: Request, shared: Shared, body: Report) -> GeoJson:
    """Report an incident; it starts as `reported`."""
    place = _within(body.geometry.coordinates, shared.city.extent)
    with shared.database.begin() as connection:
        id = incidents.report(connection, lonlat=place, **body.properties.model_dump())
    with shared.database.begin() as connection:
        feature = incidents.item(connection, id)
    return GeoJson(feature, status_code=201, headers={"Location": str(request.url_for("incident", id=id))})


@router.get("")
def list_incidents(
    request: Request,
    db: Db,
    bbox: BBox,
    state: Annotated[str | None, Query(description="one state, or several with commas between")] = None,
    limit: Limit = 100,
    before: LastId = None,
) -> GeoJson:
    """Incidents, newest first."""
    states, most = [] if state is None else state.split(","), min(limit, 10_000)
    with db.begin() as connection:
        found = incidents.items(connection, states=states, bbox=bbox, limit=most + 1, before=before)
    answer: dict[str, Any] = {"type": "FeatureCollection", "features": found[:most]}
    if len(found) > most:
        more = request.url.include_query_params(before=found[most - 1]["id"])
        answer["links"] = [{"rel": "next", "type": "application/geo+json", "href": str(more)}]
    return GeoJson(answer)


@router.get("/{id}", name="incident")
def incident(db: Db, id: Id) -> GeoJson:
    """One incident with its log."""
    with db.begin() as connection:
        return GeoJson(incidents.item(connection, id))


@router.patch("/{id}")
def change(db: Db, id: Id, step: Step) -> GeoJson:
    """Move an incident on; 409 with the allowed steps for one that is not possible."""
    with db.begin() as connection:
        incidents.change(connection, id, step.state, note=step.note, by=step.by)
    with db.begin() as connection:
        return GeoJson(incidents.item(connection, id))


def _within(coordinates: list[float], extent: Box) -> tuple[float, float]:
    lon, lat = coordinates[:2]
    if not extent.contains(lon, lat):
        raise BadInput(
            f"coordinates [{lon}, {lat}] lie outside the city ({', '.join(f'{v:g}' for v in extent.as_tuple())}); "
            "expected [longitude, latitude] in degrees"
        )
    return lon, lat
