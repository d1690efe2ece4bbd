"""What routes are given: the database, the city, the clock, checked parameters. Each has a short alias."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from api.inventory import Inventory
from api.metrics import Metrics
from cim.city import City
from cim.errors import BadInput
from cim.store.db import Database
from cim.types import Box
from tilesets.imagery.layer import ImageryLayer


@dataclass(frozen=True, slots=True)
class Service:
    """What one server process shares between its requests."""

    city: City
    data: Path
    database: Database
    metrics: Metrics
    imagery: Callable[[], Mapping[str, ImageryLayer]]
    clock: Callable[[], datetime]
    live: Callable[[], bool]
    """Whether events reach the clients of /live."""
    changes: Callable[[], bool]
    """Whether what commits touch reaches those who keep something made of the model."""
    keeper: Callable[[], bool]
    """Whether the tileset is kept fresh."""
    inventory: Inventory


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def service(request: Request) -> Service:
    """The process's shared things."""
    shared: Service = request.app.state.service
    return shared


def database(request: Request) -> Database:
    """The pool. A route opens its transaction itself, so that one thread holds one connection and the commit comes
    before the answer (a yielding dependency would commit after it, and could starve the pool).
    """
    return service(request).database


def bbox(
    bbox: Annotated[
        str | None, Query(description="west,south,east,north in degrees (CRS84)", examples=["113.2,40.0,113.4,40.2"])
    ] = None,
) -> Box | None:
    """The `bbox` parameter. Raises BadInput with what was expected."""
    return None if bbox is None else parse_bbox(bbox)


def parse_bbox(text: str) -> Box:
    """A lon/lat box from `west,south,east,north` (or six numbers with heights, which are not looked at).

    >>> parse_bbox("113.2,40.0,113.4,40.2")
    Box(west=113.2, south=40.0, east=113.4, north=40.2)
    """
    expected = f"bbox={text!r}: expected west,south,east,north in degrees, such as 113.2,40.0,113.4,40.2"
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(expected) from None
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4:
        raise BadInput(expected)
    west, south, east, north = numbers
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadInput(f"{expected}, west below east and south below north")
    return Box(west, south, east, north)


def moment(text: str, name: str, zone: str) -> datetime:
    """A moment from ISO 8601: with its UTC offset, or a day, which means its midnight by the city's clock.

    >>> moment("2026-05-01", "at", "Asia/Shanghai").isoformat()
    '2026-05-01T00:00:00+08:00'
    """
    found: datetime | None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))  # a `+` in a query string arrives as a space
    except ValueError:
        found = None
    if found is None or (found.tzinfo is None and len(text) > 10):
        raise BadInput(
            f"{name}={text!r}: expected a day, or ISO 8601 with its UTC offset such as 2026-05-01T08:00:00+08:00"
        )
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class When:
    """Which state of the model is asked for: as the world was `at`, by what was known `as_known_at`; None: now."""

    at: datetime | None
    as_known_at: datetime | None


def when(
    request: Request,
    at: Annotated[
        str | None, Query(description="as the world was then (valid time): a day or ISO 8601", examples=["2026-05-01"])
    ] = None,
    as_known_at: Annotated[
        str | None, Query(description="as the model knew it then (record time)", examples=["2026-05-01T08:00:00+08:00"])
    ] = None,
) -> When:
    """The `at` and `as_known_at` parameters. Raises BadInput with what was expected."""
    zone = service(request).city.time_zone
    return When(
        None if at is None else moment(at, "at", zone),
        None if as_known_at is None else moment(as_known_at, "as_known_at", zone),
    )


def known_only(request: Request) -> None:
    """Refuse query parameters that the route does not have, so that a misspelt filter is never taken for none."""
    known = _parameters(request.scope["route"].dependant)
    strange = [name for name in request.query_params if name not in known]
    if strange:
        has = f"known here: {', '.join(sorted(known))}" if known else "this door has none"
        raise BadInput(f"query parameter {strange[0]!r} is unknown; {has}")


def _parameters(dependant: Any) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    return names.union(*(_parameters(inner) for inner in dependant.dependencies))


Db = Annotated[Database, Depends(database)]
Shared = Annotated[Service, Depends(service)]
BBox = Annotated[Box | None, Depends(bbox)]
Asked = Annotated[When, Depends(when)]
Limit = Annotated[int, Query(ge=1, description="at most this many; above 10000 counts as 10000")]
STRICT = Depends(known_only)
