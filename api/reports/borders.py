"""The borders drawn under a report's map."""

from cim.store import features
from cim.store.db import Connection

_MOST = 1_000


def borders(connection: Connection) -> list[list[tuple[float, float]]]:
    """The outer rings of the counties, lon/lat; of whatever divisions there are where none is a county."""
    held = features.items(connection, "divisions", limit=_MOST)
    rings = []
    for found in [one for one in held if one["properties"].get("level") == "county"] or held:
        shape = found["geometry"] or {}
        kind, coordinates = shape.get("type"), shape.get("coordinates", [])
        polygons = coordinates if kind == "MultiPolygon" else [coordinates] if kind == "Polygon" else []
        rings += [[(point[0], point[1]) for point in polygon[0]] for polygon in polygons]
    return rings
