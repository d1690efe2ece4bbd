"""/sensors: everything that observes, with its last values, in one answer."""

from fastapi import APIRouter

from api.deps import STRICT, BBox, Shared
from api.responses import GeoJson
from cim.store import things

router = APIRouter(prefix="/sensors", tags=["sensors"], dependencies=[STRICT])


@router.get("/latest")
def latest(shared: Shared, bbox: BBox) -> GeoJson:
    """Stations and vehicles where they are now, each with its last readings and their states."""
    with shared.database.begin() as connection:
        found = things.latest(connection, shared.clock(), bbox)
    return GeoJson({"type": "FeatureCollection", "features": found, "numberReturned": len(found)})
