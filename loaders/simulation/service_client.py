"""A running service as its client sees it: what observes there, and readings and incidents sent to it."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from cim.errors import BadInput, BadSource, CimError, Conflict, Unavailable, Unknown
from cim.series import ladder
from loaders.simulation.simulated_signals import Stream, Track

_PERIOD_S = 60.0  # of a datastream that does not state its own
_REFUSALS: Mapping[int, type[CimError]] = {400: BadInput, 404: Unknown, 409: Conflict, 503: Unavailable}


class ServiceClient:
    """Speaks to one service. Raises Unavailable where nobody answers, and what the service says where it refuses."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def streams(self) -> list[Stream]:
        """Everything that observes, from /sta/v1.1/Things."""
        found = []
        for thing in self._all("/sta/v1.1/Things?$top=500&$expand=Locations,Datastreams($top=1000)"):
            places = [one["location"]["coordinates"] for one in thing["Locations"]]
            own = thing["properties"]
            for stream in thing["Datastreams"]:
                told = stream["properties"]
                found.append(
                    Stream(
                        id=stream["@iot.id"],
                        kind=own["kind"],
                        code=own["code"],
                        name=thing["name"],
                        unit=stream["unitOfMeasurement"]["symbol"],
                        period_s=told["period_s"] or _PERIOD_S,
                        thresholds=tuple(rung.value for rung in ladder(told["thresholds"])),
                        lonlat=(places[0][0], places[0][1]) if places else None,
                    )
                )
        return found

    def observe(self, readings: Sequence[Mapping[str, Any]]) -> None:
        """Send observations, as one array."""
        self._send("POST", "/sta/v1.1/Observations", list(readings))

    def report(self, kind: str, title: str, severity: int, lonlat: tuple[float, float], description: str) -> int:
        """Report a synthetic incident; its id."""
        properties = {"kind": kind, "title": title, "severity": severity, "description": description}
        properties |= {"is_synthetic": True, "reported_by": "cim simulate"}
        geometry = {"type": "Point", "coordinates": list(lonlat)}
        body = {"type": "Feature", "geometry": geometry, "properties": properties}
        return int(self._send("POST", "/incidents", body)["id"])

    def advance(self, incident: int, state: str, note: str) -> None:
        """Move an incident to another state."""
        self._send("PATCH", f"/incidents/{incident}", {"state": state, "note": note, "by": "cim simulate"})

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        link: str | None = path
        while link is not None:
            page = self._send("GET", link, None)
            yield from page["value"]
            link = page.get("@iot.nextLink")

    def _send(self, method: str, path: str, body: Any) -> Any:
        try:
            answer = self._client.request(method, path, json=body) if body is not None else self._client.get(path)
        except httpx.TransportError as error:
            where = str(self._client.base_url).rstrip("/")
            raise Unavailable(
                f"{where} does not answer ({error}); start the service with `make up`, then run it again"
            ) from error
        if answer.status_code >= 400:
            detail = answer.text[:200]
            if "json" in answer.headers.get("content-type", ""):
                detail = str(answer.json().get("detail", detail))
            kind = _REFUSALS.get(answer.status_code, CimError)
            raise kind(f"{method} {answer.url.path}: {detail}")
        return answer.json()


def reading(id: int, time: datetime, result: float, lonlat: tuple[float, float] | None = None) -> dict[str, Any]:
    """One observation as SensorThings writes it."""
    body: dict[str, Any] = {"phenomenonTime": time.isoformat(), "result": result, "Datastream": {"@iot.id": id}}
    if lonlat is not None:
        body["FeatureOfInterest"] = {"feature": {"type": "Point", "coordinates": list(lonlat)}}
    return body


def read_tracks(path: Path) -> dict[str, Track]:
    """The tracks in a CSV of fixes (vehicle_id, time, lon, lat, speed_kmh), by vehicle.

    Raises BadSource with the row where a fix cannot be read.
    """
    fixes: dict[str, list[tuple[float, float, float, float]]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=1):
                try:
                    time = datetime.fromisoformat(row["time"]).timestamp()
                    fix = (time, float(row["lon"]), float(row["lat"]), float(row["speed_kmh"]))
                    fixes.setdefault(row["vehicle_id"], []).append(fix)
                except (KeyError, TypeError, ValueError) as error:
                    raise BadSource(f"{path.name} row {number}: not a fix ({error})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSource(f"{path}: cannot be read as a CSV of fixes ({error})") from error
    tracks = {}
    for vehicle, rows in fixes.items():
        table = np.unique(np.array(rows), axis=0)
        tracks[vehicle] = Track(table[:, 0] - table[0, 0], table[:, 1], table[:, 2], table[:, 3])
    return tracks
