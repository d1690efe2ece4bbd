"""City blocks: the land between streets filled with slabs, towers, offices, malls, schools, works or
old houses."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import shapely

from data_samples.generate import shapes
from data_samples.generate.footprints import Footprints, footprints
from data_samples.generate.frame import Array


class Site(NamedTuple):
    """A block to fill: its land inside the kerbs, its street angle, the share of places actually built on."""

    land: shapely.Polygon
    angle: float
    density: float


def _lattice(site: Site, pitch_x: float, pitch_y: float, rng: np.random.Generator, jitter: float = 0.0) -> Array:
    """(n, 2) centres of a lattice turned with the block's streets, covering its land."""
    centre = np.array(site.land.centroid.coords[0])
    west, south, east, north = site.land.bounds
    reach = float(np.hypot(east - west, north - south)) / 2
    u, v = np.meshgrid(np.arange(-reach, reach, pitch_x), np.arange(-reach, reach, pitch_y))
    local = np.column_stack([u.ravel(), v.ravel()]) + rng.uniform(-1, 1, (u.size, 2)) * jitter
    cos, sin = np.cos(site.angle), np.sin(site.angle)
    return np.asarray(local @ np.array([[cos, sin], [-sin, cos]]) + centre)


def _inside(site: Site, made: shapes.Shapes, rng: np.random.Generator) -> np.ndarray:
    shapely.prepare(site.land)
    return np.asarray(shapely.contains_properly(site.land, made) & (rng.random(len(made)) < site.density))


def _on_land(site: Site, centres: Array, margin: float) -> Array:
    shapely.prepare(site.land)
    return centres[shapely.contains_xy(site.land, centres[:, 0], centres[:, 1])] if margin >= 0 else centres


def slabs(site: Site, rng: np.random.Generator) -> Footprints:
    """Six-storey housing slabs facing south, 38-44 m apart."""
    storeys = int(rng.choice([5, 6, 6, 6, 7, 11]))
    length, pitch = rng.uniform(44.0, 66.0), storeys * 4.6 + 20.0
    centres = _on_land(site, _lattice(site, length + 15.0, pitch, rng), 0)
    made = shapes.rectangles(
        centres, length * rng.choice([1.0, 1.0, 0.72], len(centres)), rng.uniform(11.5, 13.5), site.angle
    )
    made = made[_inside(site, made, rng)]
    return footprints(
        made,
        use="residential",
        storeys=storeys,
        height_m=storeys * 2.9 + 0.8,
        year=float(rng.integers(1985, 2012)),
    )


def towers(site: Site, rng: np.random.Generator) -> Footprints:
    """Housing towers of 18 to 33 storeys in open ground."""
    base = int(rng.choice([18, 24, 26, 30, 33]))
    centres = _on_land(site, _lattice(site, rng.uniform(58, 72), rng.uniform(72, 88), rng, 3.0), 0)
    width, depth = rng.uniform(26, 38), rng.uniform(15, 19)
    made = shapes.rectangles(centres, width, depth, site.angle)
    keep = _inside(site, made, rng)
    storeys = np.clip(base + rng.integers(-2, 3, int(keep.sum())), 18, 33)
    return footprints(
        made[keep],
        use="residential",
        storeys=storeys,
        height_m=storeys * 2.95 + 3.0,
        year=float(rng.integers(2009, 2024)),
    )


def perimeter(site: Site, rng: np.random.Generator) -> Footprints:
    """Older closed yards: courtyard and L-shaped blocks of four to six storeys."""
    centres = _on_land(site, _lattice(site, 92.0, 84.0, rng, 2.0), 0)
    ring = shapes.courtyards(centres, 76.0, 66.0, 12.5, site.angle)
    quarter = rng.choice([0.0, 0.5, 1.0, 1.5], len(centres)) * np.pi
    ell = shapes.ells(centres, 72.0, 60.0, 12.5, site.angle + quarter)
    you = shapes.yous(centres, 74.0, 62.0, 12.5, site.angle)
    pick = rng.integers(0, 3, len(centres))
    made = np.where(pick == 0, ring, np.where(pick == 1, ell, you))
    keep = _inside(site, made, rng)
    storeys = rng.integers(4, 7, int(keep.sum()))
    return footprints(
        made[keep],
        use="residential",
        storeys=storeys,
        height_m=storeys * 3.1 + 0.8,
        year=float(rng.integers(1975, 2000)),
    )


def offices(site: Site, rng: np.random.Generator) -> Footprints:
    """Office towers and hotels."""
    centres = _on_land(site, _lattice(site, 78.0, 84.0, rng, 6.0), 0)
    n = len(centres)
    made = shapes.rectangles(centres, rng.uniform(28, 52, n), rng.uniform(22, 44, n), site.angle)
    keep = _inside(site, made, rng)
    storeys = np.clip(rng.gamma(5.0, 2.6, int(keep.sum())), 5, 36).astype(int)
    return footprints(
        made[keep],
        use="office",
        storeys=storeys,
        height_m=storeys * 3.7 + 4.0,
        year=float(rng.integers(2000, 2023)),
    )


def malls(site: Site, rng: np.random.Generator) -> Footprints:
    """Large shops of three to five storeys."""
    centres = _on_land(site, _lattice(site, 128.0, 112.0, rng, 5.0), 0)
    made = shapes.rectangles(centres, rng.uniform(80, 110), rng.uniform(60, 86), site.angle)
    keep = _inside(site, made, rng)
    storeys = rng.integers(3, 6, int(keep.sum()))
    return footprints(
        made[keep],
        use="commercial",
        storeys=storeys,
        height_m=storeys * 5.0 + 2.0,
        year=float(rng.integers(2003, 2022)),
    )


def schools(site: Site, rng: np.random.Generator) -> Footprints:
    """L- and U-shaped schools or hospitals with their grounds left open."""
    centres = _on_land(site, _lattice(site, 118.0, 120.0, rng, 4.0), 0)
    ell, you = (make(centres, 68.0, 54.0, 13.0, site.angle) for make in (shapes.ells, shapes.yous))
    made = np.where(rng.random(len(centres)) < 0.5, ell, you)
    keep = _inside(site, made, rng) & (rng.random(len(made)) < 0.6)
    storeys = rng.integers(3, 6, int(keep.sum()))
    use = str(rng.choice(["education", "education", "medical"]))
    return footprints(
        made[keep],
        use=use,
        storeys=storeys,
        height_m=storeys * 3.6 + 1.2,
        year=float(rng.integers(1990, 2020)),
    )


def works(site: Site, rng: np.random.Generator) -> Footprints:
    """Factory and warehouse sheds."""
    centres = _on_land(site, _lattice(site, 104.0, 58.0, rng, 4.0), 0)
    n = len(centres)
    made = shapes.rectangles(centres, rng.uniform(50, 90, n), rng.uniform(22, 38, n), site.angle)
    keep = _inside(site, made, rng)
    height = rng.uniform(8.0, 14.0, int(keep.sum()))
    roof = str(rng.choice(["gable", "gable", "shed", "flat"]))
    eaves = height * 0.8 if roof in ("gable", "shed") else np.nan
    return footprints(
        made[keep],
        use="industrial",
        storeys=np.where(height > 11, 2, 1),
        height_m=height,
        eaves_m=eaves,
        roof_form=roof,
        year=float(rng.integers(1960, 2020)),
    )


def old_houses(site: Site, rng: np.random.Generator) -> Footprints:
    """Dense low houses of a village the city has reached, or of a small town's fringe."""
    centres = _on_land(site, _lattice(site, 24.0, 27.0, rng, 0.8), 0)
    n = len(centres)
    row = shapes.rectangles(
        centres + np.array([0.0, 4.0]), rng.uniform(15, 19, n), rng.uniform(6.2, 7.6, n), site.angle
    )
    ell = shapes.ells(
        centres,
        rng.uniform(15, 19, n),
        rng.uniform(14, 18, n),
        5.6,
        site.angle + np.pi * rng.choice([1.0, 1.5], n),
    )
    made = np.where(rng.random(n) < 0.55, row, ell)
    keep = _inside(site, made, rng)
    m = int(keep.sum())
    storeys = np.where(rng.random(m) < 0.25, 2, 1)
    height = storeys * 2.9 + rng.uniform(1.5, 2.1, m)
    return footprints(
        made[keep],
        use="residential",
        storeys=storeys,
        height_m=height,
        eaves_m=storeys * 2.8,
        roof_form="gable",
        year=float(rng.integers(1970, 2010)),
    )


Maker = Callable[[Site, np.random.Generator], Footprints]
