"""/places: what people look for by name, address, pinyin or a point on the map."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import STRICT, Db
from api.responses import Json
from cim.store import places

router = APIRouter(prefix="/places", tags=["places"], dependencies=[STRICT])


@router.get("")
def search(
    db: Db,
    q: Annotated[str, Query(min_length=1, max_length=200, description="a name, an address, pinyin or its initials")],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Json:
    """Ranked candidates: never one guess where several fit."""
    with db.begin() as connection:
        return Json({"results": places.search(connection, q, limit=limit)})


@router.get("/reverse")
def reverse(
    db: Db,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
    limit: Annotated[int, Query(ge=1, le=100)] = 5,
) -> Json:
    """The places nearest to a point, with their distance in metres."""
    with db.begin() as connection:
        return Json({"results": places.reverse(connection, lon, lat, limit=limit)})
