"""Orthophoto of the old town: every roof, lane, tree and shadow of the synthetic town painted at 0.5 m."""

import numpy as np
import rasterio.features
import shapely
from rasterio.transform import Affine, from_origin

from data_samples.generate import frame, oldtown, rivers, roads, settlements
from data_samples.generate.footprints import Footprints, joined, taken
from data_samples.generate.frame import Array
from data_samples.generate.shapes import shifted
from data_samples.generate.terrain import Lattice

PIXEL = 0.5
SIDE = 2600.0
SHADOW = np.array([0.52, -0.62])  # metres of shadow per metre of height: sun in the north-west as cartographers set it
GROUND, GREEN, COURT, LANE, STREET, WATER, PLAZA = range(7)
GROUND_COLOURS = np.array(
    [
        (140, 138, 114),
        (104, 118, 78),
        (168, 158, 142),
        (138, 132, 124),
        (120, 119, 118),
        (70, 92, 92),
        (172, 166, 154),
    ],
    dtype=np.float32,
)
RIDGE, RIDGE_LIGHT = 0.7, 0.7  # metres wide; how bright
Face = tuple[shapely.Geometry, int, float]
TREES = np.array([(66, 86, 50), (80, 100, 58), (54, 74, 46), (92, 104, 62)], dtype=np.float32)


def _window() -> tuple[float, float, int, Affine]:
    x0, y0 = (round(v / 10.0) * 10.0 for v in frame.centre())
    west, north = x0 - SIDE / 2, y0 + SIDE / 2
    return west, north, int(SIDE / PIXEL), from_origin(west, north, PIXEL, PIXEL)


def _burn(
    shapes: list[tuple[shapely.Geometry, int]],
    size: int,
    transform: Affine,
    kind: str,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Burn (shape, value) pairs in order into a square raster."""
    target = np.zeros((size, size), dtype=kind) if out is None else out
    if shapes:
        rasterio.features.rasterize(shapes, out=target, transform=transform)
    return target


def _speckle(seed: int, name: str, size: int, spread: float) -> np.ndarray:
    """(size, size) float32 of noise about 1: a fine 1024-pixel tile laid side by side, over soft
    patches of some 12 and 60 m."""
    rng = frame.stream(seed, name)
    many = -(-size // 1024)
    noise = np.tile(rng.normal(1.0, spread, (1024, 1024)).astype(np.float32), (many, many))[:size, :size]
    at = np.arange(size, dtype=np.float64)
    for step in (24.0, 120.0):
        count = int(size / step) + 5
        patches = Lattice(rng.normal(0.0, 1.6 * spread, (count, count)).astype(np.float32), -step, -step, step)
        noise += patches.on(at, at)
    return noise


def _buildings(seed: int) -> Footprints:
    """Everything that shows in the window, low roofs first."""
    west, north, _, _ = _window()
    box = shapely.box(west, north - SIDE, west + SIDE, north)
    whole = joined([oldtown.old_town(seed).buildings, settlements.outside(seed)])
    seen = taken(whole, np.flatnonzero(shapely.intersects(whole.shape, box)))
    return taken(seen, np.argsort(seen.height_m, kind="stable"))


def _trees(seed: int, table: Footprints) -> tuple[Array, Array]:
    """Centres and radii of trees: in courts and gardens, along the main streets and between wall and moat."""
    rng = frame.stream(seed, "trees")
    x0, y0 = frame.centre()
    scattered = np.array([x0, y0]) + rng.uniform(-1300.0, 1300.0, (15000, 2))
    rows = []
    for sign in (-1.0, 1.0):
        run = np.concatenate([np.arange(-862.0, -36.0, 9.0), np.arange(36.0, 862.0, 9.0)])
        rows += [
            np.column_stack([run, np.full(len(run), sign * 9.0)]),
            np.column_stack([np.full(len(run), sign * 9.0), run]),
        ]
        belt = np.arange(-925.0, 925.0, 7.5)
        for off in (918.0, 925.0):
            rows += [
                np.column_stack([belt, np.full(len(belt), sign * (off + 5.0))]),
                np.column_stack([np.full(len(belt), sign * (off - 5.0)), belt]),
            ]
    planted = np.vstack(rows) + rng.normal(0, 0.9, (sum(map(len, rows)), 2)) + np.array([x0, y0])
    points = np.vstack([scattered, planted])
    radius = np.concatenate([rng.uniform(1.3, 3.1, len(scattered)), rng.uniform(1.9, 3.0, len(planted))])
    tree = shapely.STRtree(table.shape)
    hit, _ = tree.query(shapely.points(points), predicate="dwithin", distance=0.6)
    keep = np.ones(len(points), dtype=bool)
    keep[hit] = False
    ways = shapely.union_all(
        [r.line.buffer(r.width / 2 - 2.2) for r in roads.roads(seed) if r.kind != "lane" and r.group in ("city", "old")]
    )
    shapely.prepare(ways)
    keep &= ~shapely.contains_xy(ways, points[:, 0], points[:, 1])
    return points[keep], radius[keep]


def _ground_classes(seed: int, size: int, transform: Affine) -> np.ndarray:
    """Class of bare ground: green outside, courts inside, lanes, streets, water."""
    town = oldtown.old_town(seed)
    inside = oldtown.wall_outline()
    belt = inside.buffer(60.0, join_style="mitre")
    shapes: list[tuple[shapely.Geometry, int]] = [(belt, GREEN), (inside, COURT)]
    shapes += [
        (line.buffer(width / 2, cap_style="square"), LANE)
        for line, width in zip(town.lanes, town.lane_widths, strict=True)
    ]
    gardens = town.buildings.use == "public"
    shapes += [(s.buffer(11.0, join_style="mitre"), GREEN) for s in town.buildings.shape[gardens]]
    compounds = town.buildings.lot < -2
    for lot in np.unique(town.buildings.lot[compounds]):
        shapes.append((shapely.union_all(town.buildings.shape[town.buildings.lot == lot]).envelope.buffer(2.0), PLAZA))
    shapes += [(w.shape, WATER) for w in rivers.waters(seed)]
    x0, y0 = frame.centre()
    for ux, uy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        shapes.append(
            (
                shapely.box(x0 + ux * 440 - 26, y0 + uy * 440 - 26, x0 + ux * 440 + 26, y0 + uy * 440 + 26),
                PLAZA,
            )
        )
    streets = [r for r in roads.roads(seed) if r.kind != "lane" and r.group in ("city", "old")]
    shapes += [(r.line.buffer(r.width / 2, cap_style="square"), STREET) for r in streets]
    return _burn(shapes, size, transform, "uint8")


def _eaves(table: Footprints) -> np.ndarray:
    """Roofs seen from above: pitched ones hang over the walls by half a metre, or a tenth of the smaller side."""
    west, south, east, north = shapely.bounds(table.shape).T
    reach = np.minimum(0.5, 0.1 * np.minimum(east - west, north - south))
    return np.asarray(
        shapely.buffer(
            table.shape, np.where(table.roof_form != "flat", reach, 0.0), join_style="mitre", mitre_limit=2.0
        )
    )


def _slopes(table: Footprints) -> list[Face]:
    """Roof faces: (shape, building number from 0, light) - the sunny slopes of pitched roofs brighter than the others, the
    ridge dark. Of roofs that are no rectangle every side has a slope half as deep as the wings are wide.
    """
    faces: list[Face] = []
    pitched = table.roof_form != "flat"
    for k, shape in enumerate(_eaves(table)):
        faces.append((shape, k, 1.0))
        if pitched[k] and isinstance(shape, shapely.Polygon):
            is_simple = shapely.get_num_coordinates(shape) == 5
            faces += _rectangle(shape, k, table.roof_form[k]) if is_simple else _wings(shape, k)
    return faces


def _rectangle(shape: shapely.Polygon, k: int, form: str) -> list[Face]:
    """The slopes and the ridge of a roof over four corners."""
    corners = np.array(shape.exterior.coords)[:4]
    edges = np.roll(corners, -1, axis=0) - corners
    first = 0 if np.hypot(*edges[0]) >= np.hypot(*edges[1]) else 1
    a, b, c, d = np.roll(corners, -first, axis=0)
    share = {"hip": 0.22, "hip_and_gable": 0.22, "pyramidal": 0.5}.get(form, 0.0)
    ridge_a, ridge_b = (a + d) / 2 + (b - a) * share, (b + c) / 2 - (b - a) * share
    faces: list[Face] = []
    for ring in ((a, b, ridge_b, ridge_a), (c, d, ridge_a, ridge_b), (b, c, ridge_b), (d, a, ridge_a)):
        face = shapely.Polygon(ring)
        if face.area > 0.05:
            faces.append((face, k, _light(np.mean(ring[:2], axis=0) - np.mean(corners, axis=0))))
    if share < 0.5:
        faces.append((shapely.LineString([ridge_a, ridge_b]).buffer(RIDGE / 2, cap_style="flat"), k, RIDGE_LIGHT))
    return faces


def _wings(shape: shapely.Polygon, k: int) -> list[Face]:
    """The slopes of a roof of several wings, side by side of its outline, and a ridge along the middle."""
    half = shape.area / shape.length
    faces: list[Face] = []
    for ring in (shape.exterior, *shape.interiors):
        corners = np.array(ring.coords)[:: 1 if ring.is_ccw == (ring is shape.exterior) else -1]
        for a, b in zip(corners[:-1], corners[1:], strict=True):
            along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
            inward = np.array([-along[1], along[0]])
            slope = shapely.Polygon([a, b, b + inward * half, a + inward * half])
            faces.append((shapely.intersection(slope, shape), k, _light(-inward)))
    ridge = shape.buffer(-max(half - RIDGE / 2, 0.2), join_style="mitre")
    faces.append((ridge, k, RIDGE_LIGHT))
    return [face for face in faces if shapely.area(face[0]) > 0.05]


def _light(outward: Array) -> float:
    """The light of a slope that falls to this side: 1 on average."""
    facing = float(outward @ (-SHADOW)) / (np.hypot(*outward) * np.hypot(*SHADOW) + 1e-9)
    return float(1.0 + 0.2 * facing)


def _roof_colours(table: Footprints, seed: int) -> Array:
    """(n, 3) tile grey-brown for houses, darker and warmer for halls, pale for flat modern roofs."""
    rng = frame.stream(seed, "roofs")
    n = len(table)
    colour = np.array([104.0, 100.0, 96.0]) + rng.normal(0, 7.0, (n, 1)) + rng.normal(0, 2.5, (n, 3))
    warm = rng.random(n) < 0.22
    colour[warm] += np.array([16.0, 4.0, -6.0])
    temple = np.isin(table.use, ("religious", "heritage"))
    colour[temple] = np.array([124.0, 92.0, 66.0]) + rng.normal(0, 6.0, (int(temple.sum()), 1))
    brick = table.name == "城墙"
    colour[brick] = (142.0, 132.0, 118.0)
    flat = (table.roof_form == "flat") & ~brick
    colour[flat] = np.array([186.0, 184.0, 180.0]) + rng.normal(0, 14.0, (int(flat.sum()), 1))
    return colour


def _shadows(table: Footprints, size: int, transform: Affine) -> np.ndarray:
    """(size, size) float32 light on the ground: 1 in the sun, less in soft-edged shadow."""
    reach = SHADOW * table.height_m[:, None]
    shapes: list[shapely.Geometry] = []
    for share in (0.25, 0.5, 0.75, 1.0):  # rings and wings keep their courts' light: steps, not one hull
        shapes += [shifted(s, by * share) for s, by in zip(table.shape, reach, strict=True)]
    plain = shapely.get_num_coordinates(table.shape) == 5
    ends = np.array(shapes[-len(table) :], dtype=object)[plain]
    hulls = list(shapely.convex_hull(shapely.union(table.shape[plain], ends)))
    hulls += [s for s, is_plain in zip(shapes, np.tile(plain, 4), strict=True) if not is_plain]
    mask = _burn([(h, 1) for h in hulls], size, transform, "uint8").astype(np.float32)
    soft = mask.copy()
    soft[1:-1, 1:-1] = (
        mask[1:-1, 1:-1] * 2 + mask[:-2, 1:-1] + mask[2:, 1:-1] + mask[1:-1, :-2] + mask[1:-1, 2:]
    ) / 6.0
    return np.asarray(1.0 - 0.46 * soft, dtype=np.float32)


def old_town(seed: int) -> tuple[np.ndarray, float, float]:
    """uint8 (3, rows, columns) picture, its west and north edge (EPSG:4547 metres)."""
    west, north, size, transform = _window()
    table = _buildings(seed)
    ground = _ground_classes(seed, size, transform)
    light = _shadows(table, size, transform)
    points, radius = _trees(seed, table)
    crowns = shapely.buffer(shapely.points(points), radius, quad_segs=3)
    tree_shadow = _burn(
        [(c, 1) for c in shapely.buffer(shapely.points(points + SHADOW * 4.0), radius, quad_segs=3)],
        size,
        transform,
        "uint8",
    )
    light[tree_shadow > 0] *= 0.74
    kinds = np.arange(len(points)) % len(TREES) + 1
    inner = shapely.buffer(
        shapely.points(points + np.array([-0.3, 0.35]) * radius[:, None]), radius * 0.55, quad_segs=2
    )
    canopy = _burn([(c, int(k)) for c, k in zip(crowns, kinds, strict=True)], size, transform, "uint8")
    _burn(
        [(c, int(k) + len(TREES)) for c, k in zip(inner, kinds, strict=True)],
        size,
        transform,
        "uint8",
        canopy,
    )
    faces = _slopes(table)
    roof = _burn([(shape, i + 1) for i, (shape, _, _) in enumerate(faces)], size, transform, "int32")
    tones = _roof_colours(table, seed)
    colours = np.vstack([[0, 0, 0], [tones[k] * bright for _, k, bright in faces]]).astype(np.float32)
    return _composed(seed, ground, light, canopy, roof, colours), west, north


def _composed(
    seed: int, ground: np.ndarray, light: np.ndarray, canopy: np.ndarray, roof: np.ndarray, roofs: np.ndarray
) -> np.ndarray:
    """Ground under shadow, then crowns, then roofs, with grain over all: uint8 (3, rows, columns)."""
    size = ground.shape[0]
    grain, ripple = _speckle(seed, "grain", size, 0.035), _speckle(seed, "tiles", size, 0.022)
    crowns = np.vstack([[[0.0, 0.0, 0.0]], TREES * 0.9, TREES * 1.28]).astype(np.float32)
    on_roof, on_tree = roof > 0, canopy > 0
    picture = np.empty((3, size, size), dtype=np.uint8)
    for band in range(3):
        layer = GROUND_COLOURS[:, band][ground] * light * grain
        layer[on_tree] = crowns[:, band][canopy[on_tree]] * grain[on_tree]
        layer[on_roof] = roofs[:, band][roof[on_roof]] * ripple[on_roof]
        picture[band] = np.clip(layer, 0, 255)
    return picture
