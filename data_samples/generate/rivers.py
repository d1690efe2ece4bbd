"""Rivers and lakes: invented courses with falling beds, the moat, the reservoir; names are sourced."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely

from data_samples.generate import barbicans, facts, frame
from data_samples.generate.frame import Array

MOAT_BERM = 4.0  # metres of land between a barbican and the moat
YUHE_EAST = 2300.0  # metres the 御河 runs east of 四牌楼 (invented course)


@dataclass(frozen=True, slots=True)
class Course:
    """A river's centre line: (n, 2) EPSG:4547 metres downstream, (n,) bed heights, width of its water
    in metres."""

    name: str | None
    xy: Array
    bed: Array
    width: float


@dataclass(frozen=True, slots=True)
class Water:
    """A water body in EPSG:4547."""

    id: str
    name: str | None
    kind: str
    shape: shapely.Geometry


def yuhe_sway(y: Array) -> Array:
    """How far the 御河 swings east of its mean line at y metres north of 四牌楼; 0 beside the old
    town's middle."""
    return np.asarray(150.0 * np.sin(y / 1900.0) + 55.0 * np.sin(y / 720.0 + 0.6))


# lon, lat, bed height; invented but falling, and meeting where the names say they meet
_SANGGAN = (
    (113.02, 39.66, 1022),
    (113.20, 39.77, 1008),
    (113.36, 39.84, 990),
    (113.45, 39.88, 978),
    (113.56, 39.91, 966),
    (113.65, 39.935, 955),
    (113.70, 39.95, 953),
    (113.76, 39.975, 951),
    (113.84, 40.02, 930),
    (114.00, 40.09, 905),
    (114.20, 40.13, 880),
    (114.42, 40.14, 860),
    (114.66, 40.20, 840),
)
_YUHE_NORTH = ((113.16, 40.46, 1230), (113.24, 40.36, 1150), (113.29, 40.27, 1095), (113.31, 40.19, 1062))
_YUHE_SOUTH = ((113.33, 39.98, 1018), (113.40, 39.92, 998), (113.45, 39.88, 978))
_SHILI = (
    (112.62, 40.08, 1330),
    (112.78, 40.05, 1262),
    (112.95, 40.09, 1185),
    (113.06, 40.105, 1140),
    (113.13, 40.098, 1118),
    (113.20, 40.06, 1072),
    (113.25, 40.02, 1045),
    (113.33, 39.98, 1018),
)
_KOUQUAN = (
    (112.98, 39.93, 1240),
    (113.08, 39.95, 1120),
    (113.18, 39.92, 1052),
    (113.30, 39.88, 1008),
    (113.45, 39.88, 978),
)
_HUN = (
    (113.92, 39.60, 1260),
    (113.80, 39.66, 1120),
    (113.70, 39.72, 1068),
    (113.56, 39.77, 1040),
    (113.36, 39.78, 1012),
    (113.36, 39.84, 990),
)
_HULIU = (
    (114.05, 39.72, 1120),
    (114.18, 39.745, 1010),
    (114.28, 39.755, 968),
    (114.42, 39.80, 935),
    (114.64, 39.86, 900),
)
_SOUTH_EAST = (
    (113.98, 39.46, 1160),
    (114.10, 39.45, 1020),
    (114.23, 39.43, 918),
    (114.34, 39.33, 800),
    (114.42, 39.20, 690),
    (114.50, 39.10, 600),
    (114.53, 39.06, 558),
    (114.60, 38.98, 558),
)
_NORTH_EAST = (
    (113.62, 40.42, 1110),
    (113.76, 40.355, 1030),
    (113.92, 40.38, 1000),
    (114.09, 40.405, 980),
    (114.30, 40.42, 955),
    (114.62, 40.45, 930),
)


def _refine(points: Array, bed: Array, sway: float, seed: int, name: str) -> tuple[Array, Array]:
    """Catmull-Rom through the points every 300 m, swung sideways by smooth noise that keeps both ends."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    out_xy, out_bed = [], []
    for k in range(len(points) - 1):
        p0, p1, p2, p3 = padded[k : k + 4]
        n = max(int(np.hypot(*(p2 - p1)) / 300.0), 2)
        t = np.arange(n)[:, None] / n
        out_xy.append(
            0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
        )
        out_bed.append(bed[k] + (bed[k + 1] - bed[k]) * t[:, 0])
    xy, z = np.vstack([*out_xy, points[-1:]]), np.concatenate([*out_bed, bed[-1:]])
    along = np.arange(len(xy)) * 300.0
    rng = frame.stream(seed, f"river {name}")
    wave = sum(np.sin(along / wl + rng.uniform(0, 6.28)) * g for wl, g in ((1800.0, 1.0), (760.0, 0.5), (420.0, 0.25)))
    fade = np.minimum(1.0, np.minimum(along, along[-1] - along) / 2500.0)
    tangent = np.gradient(xy, axis=0)
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]]) / np.hypot(*tangent.T)[:, None]
    return xy + normal * (sway * wave * fade)[:, None], z


def _from_lonlat(
    rows: tuple[tuple[float, float, float], ...], sway: float, seed: int, name: str
) -> tuple[Array, Array]:
    table = np.array(rows, dtype=np.float64)
    return _refine(frame.to_city(table[:, :2]), table[:, 2], sway, seed, name)


def _yuhe(seed: int) -> tuple[Array, Array]:
    """The 御河: free in the north and south, a designed sway beside the city."""
    x0, y0 = frame.centre()
    ys = np.arange(8000.0, -8000.1, -200.0)
    city = np.column_stack([x0 + YUHE_EAST + yuhe_sway(ys), y0 + ys])
    city_bed = np.linspace(1047.0, 1028.0, len(ys))
    north = np.array(_YUHE_NORTH, dtype=np.float64)
    south = np.array(_YUHE_SOUTH, dtype=np.float64)
    upper, upper_bed = _refine(
        np.vstack([frame.to_city(north[:, :2]), city[:1]]),
        np.append(north[:, 2], city_bed[0]),
        90.0,
        seed,
        "n",
    )
    lower, lower_bed = _refine(
        np.vstack([city[-1:], frame.to_city(south[:, :2])]),
        np.append(city_bed[-1], south[:, 2]),
        90.0,
        seed,
        "s",
    )
    return np.vstack([upper[:-1], city, lower[1:]]), np.concatenate([upper_bed[:-1], city_bed, lower_bed[1:]])


@lru_cache(maxsize=4)
def courses(seed: int) -> tuple[Course, ...]:
    """Every river, downstream. The river of the far south-east has no sourced name: None."""
    free = (
        ("桑干河", _SANGGAN, 140.0, 90.0),
        ("十里河", _SHILI, 90.0, 40.0),
        ("口泉河", _KOUQUAN, 80.0, 26.0),
        ("浑河", _HUN, 120.0, 45.0),
        ("壶流河", _HULIU, 90.0, 45.0),
        (None, _SOUTH_EAST, 160.0, 50.0),
        (None, _NORTH_EAST, 110.0, 40.0),
    )
    made = [
        Course(name, *_from_lonlat(rows, sway, seed, str(k)), width) for k, (name, rows, sway, width) in enumerate(free)
    ]
    return (Course("御河", *_yuhe(seed), 150.0), *made)


def lake_levels(seed: int) -> tuple[tuple[float, float, float, float, float], ...]:
    """Flat floors: level, centre x, y, half sizes x, y (metres). 册田水库 lies under its flood limit of
    956.00 m."""
    x0, y0 = frame.centre()
    cx, cy = frame.to_city(np.array([facts.CETIAN]))[0]
    return (
        (1046.0, x0 + WENYING[0], y0 + WENYING[1], WENYING[2] + 120.0, WENYING[3] + 120.0),
        (952.5, float(cx), float(cy), 4200.0, 1500.0),
    )


WENYING = (6150.0, -650.0, 640.0, 900.0)  # 文瀛湖: centre east, north of 四牌楼, half sizes; all invented


def _blob(
    centre: tuple[float, float], half: tuple[float, float], roughness: float, rng: np.random.Generator
) -> shapely.Polygon:
    """A smooth closed shore round a centre."""
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    radius = np.ones_like(angle)
    for k in range(2, 9):
        radius += roughness / k * np.sin(k * angle + rng.uniform(0, 6.28)) * rng.uniform(0.5, 1.5)
    return shapely.Polygon(
        np.column_stack([centre[0] + half[0] * radius * np.cos(angle), centre[1] + half[1] * radius * np.sin(angle)])
    )


def _reservoir(sanggan: Course, seed: int) -> shapely.Polygon:
    """册田水库: the Sanggan widened over some 9 km up to a straight dam just past the sourced point."""
    line = shapely.LineString(sanggan.xy)
    at = line.project(shapely.Point(frame.to_city(np.array([facts.CETIAN]))[0]))
    rng = frame.stream(seed, "reservoir")
    along = np.arange(0.0, 9000.0, 150.0)
    half = 120.0 + 780.0 * (along / 9000.0) ** 1.4 * (
        1.0 + 0.35 * np.sin(along / 620.0 + rng.uniform(0, 6)) + 0.2 * np.sin(along / 310.0)
    )
    points = [line.interpolate(at - 7000.0 + a) for a in along]
    shape = shapely.union_all([p.buffer(float(h)) for p, h in zip(points, half, strict=True)])
    dam = line.interpolate(at + 1700.0)
    lake = shape.difference(dam.buffer(350.0)).buffer(40.0).simplify(12.0)
    whole = max(shapely.get_parts(lake), key=lambda part: part.area)
    return shapely.Polygon(shapely.get_exterior_ring(whole))


def _moat() -> shapely.Geometry:
    """Round the wall, and round the barbicans before its gates."""
    x0, y0 = frame.centre()
    works = [shapely.box(*box).buffer(MOAT_BERM, join_style="mitre") for box in barbicans.outlines()]
    bank = shapely.union_all([shapely.box(-900 - 32, -910 - 32, 900 + 32, 910 + 32), *works])
    inner = shapely.transform(bank, lambda xy: xy + [x0, y0])
    return inner.buffer(facts.MOAT_WIDTH, join_style="mitre").difference(inner)


@lru_cache(maxsize=4)
def waters(seed: int) -> tuple[Water, ...]:
    """Rivers cut out of lakes, lakes, the moat."""
    x0, y0 = frame.centre()
    rivers = courses(seed)
    reservoir = _reservoir(rivers[1], seed)
    lake = _blob((x0 + WENYING[0], y0 + WENYING[1]), WENYING[2:], 0.16, frame.stream(seed, "lake"))
    west, south, east, north = frame.rectangle()
    limit = shapely.box(west, south, east, north)
    found = [("册田水库", "reservoir", reservoir), ("文瀛湖", "lake", lake), ("护城河", "moat", _moat())]
    taken = shapely.union_all([reservoir])
    for river in rivers:
        ribbon = (
            shapely.LineString(river.xy).buffer(river.width / 2, cap_style="flat").intersection(limit).difference(taken)
        )
        taken = taken.union(ribbon)
        parts = [p for p in shapely.get_parts(ribbon) if p.area > 20_000.0]
        found += [(river.name, "river", p.simplify(4.0)) for p in parts]  # type: ignore[misc]
    return tuple(Water(f"DT-W-{k:04d}", name, kind, shape) for k, (name, kind, shape) in enumerate(found, start=1))
