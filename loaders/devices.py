"""Devices in files: sensor stations and vehicles' fixes become things, datastreams and their track."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import shapely

from cim import crs as frames
from cim.city import City
from cim.plugins import Layer
from cim.store import features, series, things
from cim.store.db import Connection
from cim.types import Observation

LAYERS = ("stations", "vehicles")
_SPEED = "speed"


def register(connection: Connection, layer: Layer, frame: gpd.GeoDataFrame, city: City) -> Sequence[int]:
    """Register what a checked batch holds. frame: canonical columns, points in the city frame.

    Safe to repeat: a station is known by its code (else its id), a vehicle by its id, a fix by vehicle and time.
    Returns the datastreams whose last value moved; the caller tells the bus, once, at its transaction's end.
    """
    lonlat = frames.transform(shapely.get_coordinates(frame.geometry.to_numpy()), city.crs, frames.LONLAT)
    rows = frame.drop(columns="geometry").assign(lon=lonlat[:, 0], lat=lonlat[:, 1]).to_dict("records")
    if layer.name == "vehicles":
        return _vehicles(connection, rows)
    buildings = features.building_ids(connection, [row["building"] for row in rows if row["building"]])
    things.put_stations(connection, [_station(row, buildings) for row in rows])
    return ()


def _station(row: dict[str, Any], buildings: Mapping[str, int]) -> dict[str, Any]:
    known = {"name", "kind", "observed_property", "unit", "lon", "lat", "source", "is_synthetic", "thresholds"}
    return {name: row[name] for name in known} | {
        "code": row["code"] or row["id"],
        "period_s": None if row["period_s"] != row["period_s"] else row["period_s"],
        "building_id": buildings.get(row["building"] or ""),
        "properties": row["extra"],
    }


def _vehicles(connection: Connection, rows: list[dict[str, Any]]) -> Sequence[int]:
    """Each vehicle once, standing where its last fix puts it; every fix with a speed is an observation."""
    rows = sorted(rows, key=lambda row: row["time"])
    last = {row["id"]: row for row in rows}
    ids = things.put_vehicles(
        connection,
        [
            {"code": row["id"], "source": row["source"], "is_synthetic": row["is_synthetic"]}
            | {"lon": row["lon"], "lat": row["lat"]}
            for row in last.values()
        ],
    )
    streams = things.datastreams(connection, things=list(ids.values()), limit=10 * len(ids))
    speed = {s["thing_id"]: s["id"] for s in streams if s["property"] == _SPEED}
    fixes = [
        Observation(
            speed[ids[row["id"]]], row["time"].to_pydatetime(), float(row["speed_kmh"]), (row["lon"], row["lat"])
        )
        for row in rows
        if row["speed_kmh"] == row["speed_kmh"]
    ]
    return series.write(connection, fixes, announce=False).moved
