"""Nearby: what lies at a point and around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from cim.errors import BadInput
from cim.finding.reasons import Reason, reason
from cim.store import divisions
from cim.store.frame import srid, to_frame
from cim.store.sql import statement

KINDS = ("division", "building", "address", "place", "street")
"""What can be asked for at a point; `place`: landmarks and water."""

RADIUS_M = 500.0
"""How far away a thing may lie to be near, if nothing else is said."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """What contains a point (the building first, then the divisions, the finest first), and what lies nearest to it, by
    distance. reason: why nothing is near."""

    within: tuple[dict[str, Any], ...]
    results: tuple[dict[str, Any], ...]
    reason: Reason | None


def reverse(
    connection: Connection,
    lon: float,
    lat: float,
    *,
    limit: int = 5,
    kinds: Sequence[str] = KINDS,
    radius_m: float = RADIUS_M,
) -> list[dict[str, Any]]:
    """The things nearest to a point (WGS 84 degrees), the nearest first: `results` of `nearby`."""
    return list(nearby(connection, lon, lat, limit=limit, kinds=kinds, radius_m=radius_m).results)


def nearby(
    connection: Connection,
    lon: float,
    lat: float,
    *,
    limit: int = 5,
    kinds: Sequence[str] = KINDS,
    radius_m: float = RADIUS_M,
) -> Nearby:
    """What contains a point (WGS 84 degrees) and what lies within radius_m of it (metres in the city frame).

    Each: id, name, address, kind, layer, division, lon, lat, distance_m (0 inside a building), why. Streets and buildings
    count by their shapes, not by a point of them. Raises BadInput for a kind that is none, or a place that the city frame
    cannot hold.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise BadInput(f"kinds: {', '.join(unknown)} does not exist; expected some of {', '.join(KINDS)}")
    x, y = to_frame(connection, [(lon, lat)])[0].tolist()
    values = {"x": x, "y": y, "srid": srid(connection), "kinds": list(kinds), "radius": radius_m, "limit": limit}
    found, streets = [], set[str]()
    for row in connection.execute(statement("select_nearby"), values):
        record = dict(row._mapping)
        if record["sort"] == "street" and record["name"] in streets:
            continue
        streets.add(record["name"] if record["sort"] == "street" else "")
        found.append(_shown(record))
    inside = [one for one in found if one["layer"] == "buildings" and one["distance_m"] == 0.0]
    chained = divisions.chain(connection, lon, lat) if "division" in kinds else {}
    within = [*inside, *reversed(chained.values())]
    near = tuple(found[:limit])
    return Nearby(tuple(within), near, None if near else reason("nothing_near", radius=f"{radius_m:g}"))


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    distance = round(float(record["distance_m"]), 3)
    inside = record["layer"] == "buildings" and distance == 0.0
    return {
        **{name: record[name] for name in ("id", "layer", "kind", "name", "address", "division")},
        **{name: round(float(record[name]), 7) for name in ("lon", "lat")},
        "why": ["inside" if inside else "near"],
        "distance_m": distance,
    }
