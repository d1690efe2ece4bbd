"""/places: what people look for by name, address, pinyin or a point on the map."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import STRICT, Db
from api.responses import Json
from cim.finding.reasons import Reason, sentence
from cim.store import places

router = APIRouter(prefix="/places", tags=["places"], dependencies=[STRICT])


@router.get("")
def search(
    db: Db,
    q: Annotated[str, Query(min_length=1, max_length=200, description="a name, an address, pinyin or its initials")],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Json:
    """Ranked candidates, each with the reasons for and against it: never one guess where several fit."""
    with db.begin() as connection:
        found = places.answer(connection, q, limit=limit)
    return Json({"results": found.results, "reason": _told(found.reason)})


@router.get("/reverse")
def reverse(
    db: Db,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
    limit: Annotated[int, Query(ge=1, le=100)] = 5,
    kinds: Annotated[str, Query(description=f"some of {', '.join(places.KINDS)}")] = ",".join(places.KINDS),
    radius: Annotated[float, Query(gt=0, le=50_000, description="metres; beyond it nothing is near")] = places.RADIUS_M,
) -> Json:
    """What contains a point (`within`), and what lies nearest to it (`results`), with distances in metres."""
    with db.begin() as connection:
        found = places.nearby(connection, lon, lat, limit=limit, kinds=kinds.split(","), radius_m=radius)
    return Json({"within": found.within, "results": found.results, "reason": _told(found.reason)})


def _told(reason: Reason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {"code": reason.code, "zh": sentence([reason], 0), "en": sentence([reason], 1)}
