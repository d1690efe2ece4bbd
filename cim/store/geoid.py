"""The geoid of this machine: PROJ's grid where it is installed, else the city file's offset."""

from cim.city import City
from cim.geoid import Geoid
from cim.store.embedded.binaries import find_geoid_grid


def open_geoid(city: City) -> Geoid:
    """The geoid grid of this machine, else the city file's offset; either way it says how approximate it is."""
    grid = find_geoid_grid()
    if grid is None:
        return Geoid.constant(city.geoid_offset_m)
    return Geoid.from_gtx(grid.read_bytes(), name=str(grid))
