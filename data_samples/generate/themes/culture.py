"""Heritage zones and scenic spots. The areas at Yungang and the grounds of 善化寺 are sourced; every outline is invented."""

from typing import Any

import numpy as np
import shapely

from data_samples.generate import facts, frame, oldtown
from data_samples.generate.frame import Array
from data_samples.generate.themes.item import Items, points, shapes

_SPOTS = ("九龙壁", "华严寺", "善化寺")


def _oval(at: Array, area_m2: float, stretch: float) -> shapely.Polygon:
    """A rounded strip along the east-west cliff with exactly this area."""
    core = shapely.LineString([(-stretch, 0.0), (stretch, 0.0)]).buffer(1.0)
    scale = float(np.sqrt(area_m2 / core.area))
    return shapely.Polygon(np.round(shapely.get_coordinates(core.exterior) * scale + at, 2))


def heritage_zones(seed: int) -> Items:
    """The property of Yungang and the ring of its buffer, and the grounds of 善化寺."""
    at = frame.to_city(np.array([facts.YUNGANG_GROTTOES]))[0]
    inner, outer = facts.YUNGANG_AREA_HA
    property_ = _oval(at, inner * 1e4, 1.0)
    whole = _oval(at, (inner + outer) * 1e4, 0.6)
    temple = next(np.array((x, y)) for name, _, x, y, _ in oldtown.landmarks() if name == "善化寺")
    side = float(np.sqrt(facts.SHANHUA_GROUNDS_M2)) / 2
    rows: list[dict[str, Any]] = [
        {"name": "云冈石窟遗产区", "heritage": "云冈石窟", "zone": "property", "area_ha": inner},
        {"name": "云冈石窟缓冲区", "heritage": "云冈石窟", "zone": "buffer", "area_ha": outer},
        {"name": "善化寺院落", "heritage": "善化寺", "zone": "protection", "area_ha": facts.SHANHUA_GROUNDS_M2 / 1e4},
    ]
    found = [property_, shapely.difference(whole, property_), shapely.box(*(temple - side), *(temple + side))]
    return shapes("DT-HZ", found, rows)


def scenic_spots(seed: int) -> Items:
    """云冈石窟 where it is, and three of the old town where the sample has put them."""
    at = {name: (x, y) for name, _, x, y, _ in oldtown.landmarks()}
    yungang = frame.to_city(np.array([facts.YUNGANG_GROTTOES]))[0]
    xy = np.vstack([yungang, *(np.array(at[name]) for name in _SPOTS)])
    return points("DT-SS", xy, [{"name": name} for name in ("云冈石窟", *_SPOTS)])
