"""SensorThings observations in JSON (OGC 18-088), single or an array: what devices send over HTTP or MQTT."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import orjson

from cim.errors import BadInput
from cim.types import Observation


class SensorThings:
    """Decodes one body into observations; sans-I/O."""

    name = "sensorthings"

    def decode(self, frame: bytes, at: datetime) -> list[Observation]:
        """The observations in a JSON object or array. One without phenomenonTime was made when it arrived, at `at`.

        Raises BadInput naming the entry (from 1) and what was expected; nothing of the frame counts then.
        """
        try:
            body = orjson.loads(frame)
        except orjson.JSONDecodeError as error:
            raise BadInput(f"Observations: the body is not JSON: {error}") from None
        entries = body if isinstance(body, list) else [body]
        observations = []
        for number, entry in enumerate(entries, start=1):
            try:
                observations.append(observation(entry, at))
            except BadInput as error:
                where = f"Observations[{number}]" if isinstance(body, list) else "Observation"
                raise BadInput(f"{where}: {error}") from None
        return observations


PROTOCOL = SensorThings()


def observation(entry: Any, at: datetime) -> Observation:
    """One observation from its JSON object. Raises BadInput with the key and what was expected."""
    if not isinstance(entry, Mapping):
        raise BadInput("expected a JSON object")
    stream = entry.get("Datastream")
    id = stream.get("@iot.id") if isinstance(stream, Mapping) else None
    if type(id) is not int or not 0 < id < 2**63:
        raise BadInput('Datastream must be {"@iot.id": number}')
    result: Any = entry.get("result")
    if type(result) not in (int, float) or not isfinite(result):
        raise BadInput(f"result must be a finite number, not {result!r}")
    stated = entry.get("phenomenonTime")
    place = entry.get("FeatureOfInterest")
    return Observation(
        id, at if stated is None else time(stated), float(result), None if place is None else _place(place)
    )


def time(text: Any) -> datetime:
    """An instant, in UTC. Raises BadInput for one without a zone, for a period, and for what is no time at all.

    >>> time("2026-01-01T08:00:00+08:00").isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise BadInput(f"phenomenonTime must be an instant such as 2026-01-01T00:00:00Z, not {text!r}") from None
    if instant.tzinfo is None:
        raise BadInput(f"phenomenonTime {text!r} has no zone: end it with Z or an offset such as +08:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise BadInput(f"phenomenonTime {text!r} is beyond what UTC can hold") from None


def _place(interest: Any) -> tuple[float, float]:
    feature = interest.get("feature") if isinstance(interest, Mapping) else None
    if isinstance(feature, Mapping) and feature.get("type") == "Feature":
        feature = feature.get("geometry")
    if not isinstance(feature, Mapping) or feature.get("type") != "Point":
        raise BadInput('FeatureOfInterest must be {"feature": {"type": "Point", "coordinates": [lon, lat]}}')
    coordinates = feature.get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) not in (2, 3):
        raise BadInput(f"FeatureOfInterest: coordinates must be [lon, lat], not {coordinates!r}")
    lon, lat = coordinates[:2]
    if type(lon) not in (int, float) or type(lat) not in (int, float) or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadInput(f"FeatureOfInterest: {coordinates!r} is no [lon, lat] in degrees")
    return (float(lon), float(lat))
