"""Nearby: what lies at a point and around it."""

from typing import Any

from sqlalchemy import Connection, text

from cim.store.frame import srid, to_frame


def reverse(connection: Connection, lon: float, lat: float, *, limit: int = 5) -> list[dict[str, Any]]:
    """The places nearest to a point (WGS 84 degrees), with their distance in metres in the city frame."""
    x, y = to_frame(connection, [(lon, lat)])[0].tolist()
    rows = connection.execute(
        text("""
            SELECT object_id AS id, layer, kind, name, address, division, ST_X(ST_Transform(geom, 4326)) AS lon,
                   ST_Y(ST_Transform(geom, 4326)) AS lat, 'near' AS why,
                   ST_Distance(geom, ST_SetSRID(ST_MakePoint(:x, :y), :srid)) AS distance_m
            FROM cim.place ORDER BY geom <-> ST_SetSRID(ST_MakePoint(:x, :y), :srid) LIMIT :limit"""),
        {"x": x, "y": y, "srid": srid(connection), "limit": limit},
    )
    return [dict(row._mapping) for row in rows]
