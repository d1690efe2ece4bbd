"""A seeded little city for the tests: rectangles, L, U and courtyard footprints, all roof forms, some old-town rows."""

import numpy as np
import shapely
from shapely.affinity import rotate, translate

from cim.geometry import anchors, cell_keys
from cim.types import Bodies, CimLevel, FloatArray, ObjectArray, RoofForm, Use

CRS = "EPSG:4547"
CENTRE = (439876.0, 4439760.0)
UNDULATION_M = -15.44


class Slope:
    """A ground that rises one in fifty to the east from 1,040 m at the centre."""

    def stand(self, polygons: ObjectArray) -> tuple[FloatArray, FloatArray]:
        base = np.asarray(1040.0 + (shapely.bounds(polygons)[:, 0] - CENTRE[0]) / 50.0)
        return base, base - 0.5


class Even:
    """A geoid that lies as deep everywhere."""

    def undulation(self, lonlat: FloatArray) -> FloatArray:
        return np.full(len(lonlat), UNDULATION_M)


def footprint(random: np.random.Generator, kind: int) -> shapely.Polygon:
    """One footprint about the origin, 0: rectangle, 1: L, 2: U, 3: with a courtyard."""
    w, d = random.uniform(9.0, 30.0), random.uniform(7.0, 20.0)
    whole = shapely.box(-w / 2, -d / 2, w / 2, d / 2)
    if kind == 0:
        return whole
    cut = [
        shapely.box(0.0, 0.0, w, d),
        shapely.box(-w / 4, -d / 4, w / 4, d),
        shapely.box(-w / 4, -d / 4, w / 4, d / 4),
    ][kind - 1]
    return shapely.Polygon(shapely.difference(whole, cut))


def city(count: int, *, seed: int = 1, width_m: float = 2000.0, old_share: float = 0.3) -> Bodies:
    """`count` buildings spread over a square, sorted by cell; the westernmost `old_share` of them are L3."""
    random = np.random.default_rng(seed)
    shapes = [
        translate(rotate(footprint(random, int(kind)), angle), x, y)
        for kind, angle, x, y in zip(
            random.choice(4, count, p=[0.7, 0.1, 0.1, 0.1]),
            random.uniform(0.0, 360.0, count),
            CENTRE[0] + random.uniform(-width_m / 2, width_m / 2, count),
            CENTRE[1] + random.uniform(-width_m / 2, width_m / 2, count),
            strict=True,
        )
    ]
    return _rows(np.array(shapes, dtype=object), old_share, random)


def _rows(geometry: np.ndarray, old_share: float, random: np.random.Generator) -> Bodies:
    count = len(geometry)
    xy = anchors(geometry)
    is_old = xy[:, 0] <= np.quantile(xy[:, 0], old_share)
    height = np.round(random.uniform(4.0, 40.0, count), 1)
    form = np.where(is_old, random.integers(0, len(RoofForm), count), 0).astype(np.uint8)
    named = random.random(count) < 0.1
    rows = Bodies(
        id=random.permutation(count).astype(np.int64) + 10**9,
        geometry=geometry,
        base_m=np.full(count, np.nan),
        height_m=height,
        eaves_m=np.where(form > 0, np.round(height * 0.7, 1), np.nan),
        roof_form=form,
        use=random.integers(0, len(Use), count).astype(np.uint8),
        cim_level=np.where(is_old, CimLevel.L3, CimLevel.L2).astype(np.uint8),
        storeys=np.maximum(1, height // 3).astype(np.int16),
        name=np.array([f"大同市第{k}号楼" if n else None for k, n in enumerate(named)], dtype=object),
        source=np.array(["generator"] * count, dtype=object),
        lod=np.where(is_old, 2.0, 1.0).astype(np.float32),
        is_synthetic=np.ones(count, dtype=np.bool_),
        accuracy_m=np.full(count, np.nan, dtype=np.float32),
        cell=cell_keys(xy),
        is_repeated=np.zeros(count, dtype=np.bool_),
        year=np.zeros(count, dtype=np.int16),
        eaves_tiers=np.zeros(count, dtype=np.uint8),
        pitch_deg=np.full(count, np.nan),
        assembly=np.full(count, None, dtype=object),
        front_deg=np.full(count, np.nan),
        boundary=np.full(count, None, dtype=object),
    )
    return rows.take(np.argsort(rows.cell, kind="stable"))
