"""/divisions: the tree of administrative units, what a code stands for today, and whose ground a point is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.deps import STRICT, Db
from api.responses import Json
from cim import divisions as codes
from cim.errors import BadInput, Unknown
from cim.store import divisions

router = APIRouter(prefix="/divisions", tags=["divisions"], dependencies=[STRICT])

Lon = Annotated[float, Query(ge=-180, le=180, description="degrees east, WGS 84")]
Lat = Annotated[float, Query(ge=-90, le=90, description="degrees north, WGS 84")]


@router.get("")
def listing(
    request: Request,
    db: Db,
    level: Annotated[str | None, Query(description="city, county, town or community")] = None,
    parent: Annotated[str | None, Query(description="only what lies directly under this code")] = None,
    old: Annotated[bool, Query(description="also units that are no longer in force")] = False,
) -> Json:
    """行政区划目录 / The units by rising code: of a level, under a unit, or all."""
    with db.begin() as connection:
        found = divisions.listing(connection, level, parent, with_old=old)
    return Json({"count": len(found), "divisions": [_titled(unit, request) for unit in found]})


@router.get("/at")
def at(db: Db, lon: Lon, lat: Lat) -> Json:
    """一点的归属 / Whose ground a point is: exactly one owner a level, and its unit grid.

    Closed outlines; on a border the smallest code owns the point. Units lie in one another. A level is null where none is.
    """
    with db.begin() as connection:
        found = divisions.chain(connection, lon, lat)
    owners = {name: _level(found[name]) if name in found else None for name in codes.LEVELS if name != "province"}
    return Json({"lon": lon, "lat": lat, **owners})


@router.get("/{code}")
def one(
    request: Request,
    db: Db,
    code: str,
    lon: Annotated[float | None, Query(ge=-180, le=180, description="a place that settles an old code")] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
) -> Json:
    """区划代码查询 / A unit, and what its code stands for today: itself, or its successors, best first."""
    if (lon is None) != (lat is None):
        raise BadInput("lon and lat: expected both or neither")
    code = codes.normal(code)
    with db.begin() as connection:
        known = divisions.held(connection)
        today = divisions.resolve(connection, known, code, None if lon is None or lat is None else (lon, lat))
        if code not in known.tree.units and not today:
            raise Unknown(f"no division has the code {code}")
    described = divisions.describe(known, code) if code in known.tree.units else _unlisted(known, code)
    below = [divisions.describe(known, c) for c in known.tree.children(code) if not known.tree.is_old(c)]
    return Json(
        {
            **_titled(described, request),
            "ancestors": [{"code": c, "name": known.tree.units[c].name} for c in known.tree.ancestors(code)],
            "units": [{key: unit[key] for key in ("code", "name", "level", "is_statistical")} for unit in below],
            "today": [{"code": c.code, "name": c.name, "why": c.why, "trust": c.trust} for c in today],
        }
    )


def _unlisted(known: divisions.Held, code: str) -> dict[str, Any]:
    """A unit that the table does not list itself, but an old one that it lay in."""
    return {
        "code": code,
        "name": None,
        "path": known.tree.path_name(code),
        "level": codes.level(code),
        "parent": codes.parent(code),
        "children": 0,
        "is_statistical": known.tree.is_statistical(code),
        "is_old": known.tree.is_old(code),
        "ended_on": None,
        "source": None,
        "trust": None,
        "feature": None,
    }


def _titled(unit: dict[str, Any], request: Request) -> dict[str, Any]:
    """With the level's titles, and the address of the outline where there is one."""
    number = unit.pop("feature")
    items = f"{request.base_url}ogc/collections/divisions/items/"
    return {**_level(unit), "outline": None if number is None else f"{items}{number}"}


def _level(unit: dict[str, Any]) -> dict[str, Any]:
    title, title_en = codes.LEVEL_TITLES[unit["level"]]
    return {**unit, "level_title": title, "level_title_en": title_en}
