"""Roofs that are known, scanned as a plane would: points with noise and strays over footprints turned any way."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
import trimesh

EAVES = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A footprint, and its roof's height (n,) over positions (n, 2)."""

    footprint: shapely.Polygon
    height: Callable[[np.ndarray], np.ndarray]

    def scanned(self, seed=0, density=8.0, noise_m=0.04, strays=0.03) -> np.ndarray:
        """Points (n, 3) over the footprint; strays lie up to three metres above or below."""
        random = np.random.default_rng(seed)
        west, south, east, north = self.footprint.bounds
        count = max(4, int(density * (east - west) * (north - south)))
        xy = random.uniform([west, south], [east, north], (count, 2))
        xy = xy[shapely.contains_xy(self.footprint, xy)]
        z = self.height(xy) + random.normal(0.0, noise_m, len(xy))
        stray = random.random(len(xy)) < strays
        z[stray] += random.uniform(-3.0, 3.0, stray.sum())
        return np.column_stack([xy, z])


def roof(form: str, length=12.0, width=8.0, turn_deg=0.0, pitch=0.7, at=(500_000.0, 4_436_000.0)) -> Known:
    """A rectangle with a roof whose slopes all rise by pitch; `stepped` is flat, 2.5 m lower beyond two thirds."""

    def local(xy):
        a = np.radians(turn_deg)
        return (xy - at) @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])

    def height(xy):
        u, v = local(xy).T
        to_long = np.minimum(v, width - v)
        to_any = np.minimum(to_long, np.minimum(u, length - u))
        rise = {
            "flat": 0.0 * u,
            "shed": v * pitch,
            "gable": to_long * pitch,
            "hip": to_any * pitch,
            "stepped": np.where(u < 2 * length / 3, 0.0, -2.5),
        }[form]
        return EAVES + rise

    box = shapely.affinity.rotate(shapely.box(0, 0, length, width), turn_deg, origin=(0, 0))
    return Known(shapely.affinity.translate(box, *at), height)


def mesh_of(boundary) -> trimesh.Trimesh:
    """A body's polygons cut into triangles in their own planes, corners that coincide made one and nothing else mended."""
    corners, triangles, count = [], [], 0
    for polygon in boundary.polygons:
        rings = [np.asarray(ring.coords)[:-1] for ring in (polygon.exterior, *polygon.interiors)]
        flat = np.concatenate(rings)
        outer = rings[0] - rings[0][0]
        normal = np.cross(outer, np.roll(outer, -1, axis=0)).sum(axis=0)
        drop = int(np.argmax(np.abs(normal)))
        plan = np.delete(flat, drop, axis=1)[:, :: 1 if drop != 1 else -1] * [np.sign(normal[drop]), 1.0]
        plan = (plan - plan[0]).round(9)
        loops = np.split(plan, np.cumsum([len(r) for r in rings])[:-1])
        parts = shapely.get_parts(shapely.constrained_delaunay_triangles(shapely.Polygon(loops[0], loops[1:])))
        place = {tuple(at): k for k, at in enumerate(plan.tolist())}
        corner = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
        cut = np.array([place[tuple(at)] for at in corner.tolist()]).reshape(-1, 3)
        a, b, c = (flat[cut[:, k]] for k in range(3))
        turned = np.cross(b - a, c - a) @ normal < 0
        cut[turned] = cut[turned, ::-1]
        corners.append(flat)
        triangles.append(cut + count)
        count += len(flat)
    every = np.concatenate(corners)
    points, same = np.unique((every - every[0]).round(4), axis=0, return_inverse=True)
    return trimesh.Trimesh(points, same.ravel()[np.concatenate(triangles)], process=False)


def off_plane(boundary) -> float:
    """How far any corner lies off the plane of its polygon, metres."""
    worst = 0.0
    for polygon in boundary.polygons:
        at = np.asarray(polygon.exterior.coords)[:-1]
        worst = max(worst, float(np.linalg.svd(at - at.mean(axis=0))[1][-1] / np.sqrt(len(at))) if len(at) > 3 else 0.0)
    return worst
