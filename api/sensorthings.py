"""SensorThings API 1.1 (OGC 18-088), the part that is served: entities as JSON, and the options of a request.

Served: Things, Locations (of a Thing), Datastreams, Observations; $top, $skip, $count, $orderby of Observations by
phenomenonTime, $expand one step down. An option that is not served is refused, never passed over.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from cim.errors import BadInput
from cim.store.series import Page
from cim.types import Observation
from loaders.protocols.sensorthings import time as parse_time

Entity = dict[str, Any]
_TYPE = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
DEFAULT_TOP, MOST_TOP, MOST_SKIP = 100, 10_000, 100_000
MOST_EXPANDED = 500  # entities whose Observations are included: each is a look of its own


@dataclass(frozen=True, slots=True)
class Options:
    """What a request asks of a collection. skiptoken: opaque, from a nextLink."""

    top: int = DEFAULT_TOP
    skip: int = 0
    count: bool = False
    newest_first: bool = False
    expand: Mapping[str, "Options"] | None = None
    skiptoken: str | None = None

    def expands(self, name: str) -> "Options | None":
        """The options of an entity that is to be included; None where it is not."""
        return (self.expand or {}).get(name)


_KNOWN = {"$top", "$skip", "$count", "$orderby", "$expand", "$skiptoken"}


def options(given: Iterable[tuple[str, str]], expandable: Sequence[str] = (), ordered: bool = False) -> Options:
    """The options of a request. expandable: what may be included. ordered: whether $orderby phenomenonTime fits.

    Raises BadInput with what is served.

    >>> options([("$top", "5"), ("$expand", "Observations($top=1)")], ["Observations"]).expands("Observations").top
    1
    """
    values: dict[str, str] = {}
    for name, value in given:
        if name not in _KNOWN:
            raise BadInput(f"query option {name!r} is not served; known here: {', '.join(sorted(_KNOWN))}")
        values[name] = value
    if "$orderby" in values and not ordered:
        raise BadInput("$orderby is served for Observations only (phenomenonTime asc or desc)")
    expand = _expand(values.get("$expand"), expandable)
    most = MOST_EXPANDED if expand and "Observations" in expand else MOST_TOP
    return Options(
        top=min(_whole(values, "$top", DEFAULT_TOP), most),
        skip=_skip(values),
        count=_flag(values, "$count"),
        newest_first=_descending(values.get("$orderby", "phenomenonTime asc")),
        expand=expand,
        skiptoken=values.get("$skiptoken"),
    )


def _whole(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadInput(f"{name}={text!r}: expected a whole number")
    return int(text)


def _skip(values: Mapping[str, str]) -> int:
    skip = _whole(values, "$skip", 0)
    if skip > MOST_SKIP:
        raise BadInput(
            f"$skip={skip}: at most {MOST_SKIP}; follow @iot.nextLink instead, it costs the same at any depth"
        )
    return skip


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name, "false")
    if text not in ("true", "false"):
        raise BadInput(f"{name}={text!r}: expected true or false")
    return text == "true"


def _descending(order: str) -> bool:
    match = re.fullmatch(r"\s*phenomenonTime(?:\s+(asc|desc))?\s*", order)
    if match is None:
        raise BadInput(f"$orderby={order!r} is not served; expected phenomenonTime asc or phenomenonTime desc")
    return match[1] == "desc"


def _expand(text: str | None, expandable: Sequence[str]) -> dict[str, Options] | None:
    if text is None:
        return None
    found = {}
    for part in re.split(r",(?![^()]*\))", text):
        match = re.fullmatch(r"\s*(\w+)(?:\((.*)\))?\s*", part)
        if match is None or match[1] not in expandable:
            served = f"served here: {', '.join(expandable)}" if expandable else "nothing can be expanded here"
            raise BadInput(f"$expand={part.strip()!r} is not served; {served}")
        inner = [tuple(pair.partition("=")[::2]) for pair in (match[2] or "").split(";") if pair.strip()]
        pairs = [(name.strip(), value.strip()) for name, value in inner]
        if any(name in ("$expand", "$skiptoken", "$count") for name, _ in pairs):
            raise BadInput(f"$expand={part.strip()!r}: only $top, $skip and $orderby are served inside")
        found[match[1]] = options(pairs, ordered=match[1] == "Observations")
    return found


def page(token: str | None) -> Page | None:
    """Where an Observations page begins. Raises BadInput for a token that no nextLink ever held."""
    if token is None:
        return None
    id, mark, text = token.partition("@")
    if not (mark and id.isascii() and id.isdigit() and len(id) < 19):
        raise BadInput(f"$skiptoken={token!r}: expected one from an @iot.nextLink")
    return Page(parse_time(text), int(id))


def instant(time: datetime) -> str:
    """A time as SensorThings writes it, to the microsecond where it has any.

    >>> instant(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00Z'
    """
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def observation_id(o: Observation) -> str:
    """An observation's id: its datastream and time, for these two are its key."""
    return f"{o.datastream_id}@{instant(o.phenomenon_time)}"


def collection(items: Sequence[Entity], at: str, asked: Options, token: str | None, total: int | None) -> Entity:
    """A page of entities. at: the collection's address. token: where the next page begins (None: this is the last)."""
    answer: Entity = {} if total is None else {"@iot.count": total}
    if token is not None:
        keep = {"$top": str(asked.top), "$skiptoken": token} | ({"$count": "true"} if asked.count else {})
        if asked.newest_first:
            keep["$orderby"] = "phenomenonTime desc"
        if asked.expand:
            keep["$expand"] = ",".join(_spelled(name, inner) for name, inner in asked.expand.items())
        answer["@iot.nextLink"] = f"{at}?{urlencode(keep, quote_via=quote, safe='$,()@;=:')}"
    return {**answer, "value": list(items)}


def _spelled(name: str, inner: Options) -> str:
    order = ";$orderby=phenomenonTime desc" if inner.newest_first else ""
    return f"{name}($top={inner.top};$skip={inner.skip}{order})"


def thing(row: Mapping[str, Any], base: str) -> Entity:
    """A Thing. base: the service's address, without a slash at its end."""
    me = f"{base}/Things({row['id']})"
    own = {key: row[key] for key in ("kind", "code", "is_synthetic", "source", "building_id")}
    return {
        "@iot.id": row["id"],
        "@iot.selfLink": me,
        "name": row["name"],
        "description": f"{row['kind']} {row['code']}",
        "properties": {**row["properties"], **own},
        "Locations@iot.navigationLink": f"{me}/Locations",
        "Datastreams@iot.navigationLink": f"{me}/Datastreams",
    }


def locations(row: Mapping[str, Any], base: str) -> list[Entity]:
    """Where a Thing is: one Location with the Thing's id, or none for one never seen."""
    if row["lon"] is None:
        return []
    return [
        {
            "@iot.id": row["id"],
            "@iot.selfLink": f"{base}/Things({row['id']})/Locations",
            "name": row["name"],
            "description": "WGS 84 longitude and latitude",
            "encodingType": "application/geo+json",
            "location": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
        }
    ]


def datastream(row: Mapping[str, Any], base: str) -> Entity:
    """A Datastream."""
    me = f"{base}/Datastreams({row['id']})"
    entity = {
        "@iot.id": row["id"],
        "@iot.selfLink": me,
        "name": f"{row['thing_name']} {row['property']}",
        "description": f"{row['property']} in {row['unit_symbol']}",
        "observationType": _TYPE,
        "unitOfMeasurement": {"name": row["unit_name"], "symbol": row["unit_symbol"], "definition": None},
        "properties": {
            "kind": row["kind"],
            "observed_property": row["property"],
            "period_s": row["period_s"],
            "thresholds": row["thresholds"],
            "is_synthetic": row["is_synthetic"],
        },
        "Thing@iot.navigationLink": f"{me}/Thing",
        "Observations@iot.navigationLink": f"{me}/Observations",
    }
    if row["last_time"] is not None:
        entity["phenomenonTime"] = f"{instant(row['first_time'])}/{instant(row['last_time'])}"
    return entity


def observation(o: Observation, base: str) -> Entity:
    """An Observation, with the place it was made at where that is known."""
    entity: Entity = {
        "@iot.id": observation_id(o),
        "@iot.selfLink": f"{base}/Observations('{observation_id(o)}')",
        "phenomenonTime": instant(o.phenomenon_time),
        "resultTime": None,
        "result": o.result,
        "Datastream@iot.navigationLink": f"{base}/Datastreams({o.datastream_id})",
    }
    if o.lonlat is not None:
        entity["FeatureOfInterest"] = {
            "encodingType": "application/geo+json",
            "feature": {"type": "Point", "coordinates": list(o.lonlat)},
        }
    return entity
