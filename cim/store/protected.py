"""Protected units as they are loaded, and the buildings that they may be."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy import Connection, text

from cim import crs as frames
from cim.address.spelling import fold
from cim.fusion.protection import Standing, Unit
from cim.store.frame import srid
from cim.store.sql import statement
from cim.types import BoolArray, FloatArray, IntArray


def units(connection: Connection) -> list[Unit]:
    """The rows of every table of protected buildings that is loaded, by id."""
    rows = connection.execute(
        text("""
            SELECT coalesce(f.properties ->> 'id', f.object_id::text) AS id, f.source_row, f.name, f.properties
            FROM cim.current_feature f WHERE f.layer = 'protected_buildings' ORDER BY 1, f.object_id""")
    )
    crs = f"EPSG:{srid(connection)}"
    found = []
    for row in rows:
        said = row.properties
        lon, lat = said.get("lon"), said.get("lat")
        xy = None
        if lon is not None and lat is not None:
            x, y = frames.transform(np.array([[float(lon), float(lat)]]), frames.LONLAT, crs)[0].tolist()
            xy = (x, y)
        plain = {name: said.get(name) for name in ("era", "batch", "listed", "building", "address", "division")}
        found.append(Unit(row.id, int(row.source_row), row.name, said["grade"], xy=xy, **plain))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """Bodies (n,) that units may be, and what a record of each carries besides."""

    standing: Standing
    lod: FloatArray
    cim_level: IntArray
    height_m: FloatArray
    base_m: FloatArray
    is_synthetic: BoolArray


def bodies(connection: Connection, found: Sequence[Unit], ids: Collection[int]) -> Bodies:
    """The bodies of now that these units may be: by their names, addresses and points, and those of the buildings `ids`."""
    points = shapely.MultiPoint([unit.xy for unit in found if unit.xy is not None])
    around = shapely.to_wkb(shapely.set_srid(points, srid(connection)), hex=True, include_srid=True)
    values = {
        "words": sorted({name for unit in found for name in _parts(unit.name)}),
        "addresses": sorted({unit.address for unit in found if unit.address}),
        "ids": sorted(ids),
        "points": around,
    }
    rows = connection.execute(statement("select_protectable_bodies"), values).all()
    held = Standing(
        building_id=np.array([row.building_id for row in rows], dtype=np.int64),
        name=np.array([row.name for row in rows], dtype=object),
        address=np.array([row.address for row in rows], dtype=object),
        use=np.array([row.use for row in rows], dtype=np.int64),
        shape=shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object)),
        divisions=np.array([None, *(tuple(row.divisions) for row in rows)], dtype=object)[1:],
    )
    return Bodies(
        held,
        lod=np.array([row.lod for row in rows], dtype=np.float64),
        cim_level=np.array([row.cim_level for row in rows], dtype=np.int64),
        height_m=np.array([row.height_m for row in rows], dtype=np.float64),
        base_m=np.array([row.base_m for row in rows], dtype=np.float64),
        is_synthetic=np.array([row.is_synthetic for row in rows], dtype=bool),
    )


def _parts(name: str) -> Iterator[str]:
    """The last two letters or so of a name, which a building of it has in its own however it is written."""
    letters = fold(name)
    yield letters[-2:]
