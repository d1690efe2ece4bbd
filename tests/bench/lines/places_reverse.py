"""Line `places.reverse`: what lies at a point and nearest to it, over a million addresses, through the HTTP door."""

from contextlib import closing

import numpy as np
import shapely

from cim import crs as frames
from tests.bench import address_city, serving
from tests.bench.address_city import Asker
from tests.bench.ground import Ground, city
from tests.bench.line import Figure, Invalid, Line

_POINTS = 500
_OFF = 0.0003  # degrees: some 30 m beside an address
_SAME_M = 0.02


def measure(ground: Ground) -> Figure:
    """p95 in milliseconds. Each answer must name the nearest address of all, by a tree of all of them, and its town."""
    with address_city.loaded(ground) as made, serving.ours(made.url) as port, closing(Asker(port)) as asker:
        lonlat = np.array([(one.lon, one.lat) for one in made.records])
        tree = shapely.STRtree(shapely.points(frames.transform(lonlat.round(7), frames.LONLAT, city().crs)))
        chance = np.random.default_rng(37)
        chosen = chance.integers(0, len(lonlat), _POINTS)
        points = (lonlat[chosen] + chance.uniform(-_OFF, _OFF, (_POINTS, 2))).round(7)
        here = shapely.points(frames.transform(points, frames.LONLAT, city().crs))
        _, nearest = tree.query_nearest(here, all_matches=False, return_distance=True)
        for (lon, lat), distance in zip(points.tolist(), nearest.tolist(), strict=True):
            answer = asker.ask("/places/reverse", lon=lon, lat=lat)
            found = next((one for one in answer["results"] if one["layer"] == "addresses"), None)
            if found is None or abs(found["distance_m"] - distance) > _SAME_M:
                raise Invalid(f"at {lon}, {lat} the nearest address is {distance:.2f} m away, the door says {found}")
            if distance and not any(one.get("level") == "county" for one in answer["within"]):
                raise Invalid(f"at {lon}, {lat} no county is named: {answer['within']}")
        ground.note(
            f"  {_POINTS} points: median {asker.percentile_ms(50):.1f} ms, p95 {asker.percentile_ms(95):.1f} ms"
        )
        return Figure(asker.percentile_ms(95))


LINE = Line(
    name="places.reverse",
    unit="ms",
    what="p95 of what contains a point and what is nearest to it, over 1,000,000 addresses, over HTTP",
    measure=measure,
    at_most=5,
)
