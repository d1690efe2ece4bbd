"""Bounding volumes: boxes, regions and spheres, how far points lie outside them, and how they divide."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pyproj import Transformer

from tests.tileset_rules.json_text import are_numbers
from tests.tileset_rules.report import Report

TOLERANCE_M = 1e-3
"""What arithmetic may move a vertex; the project's own figure."""
EARTH_M = 6.37e6
_GEODETIC = Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
Kind = Literal["box", "region", "sphere"]
_COUNTS: dict[Kind, int] = {"box": 12, "region": 6, "sphere": 4}


@dataclass(frozen=True, slots=True)
class Points:
    """Vertices (n, 3) of a content where a client puts them; for regions also as radians and ellipsoidal metres."""

    at: np.ndarray
    _geodetic: list[np.ndarray]

    @classmethod
    def of(cls, at: np.ndarray) -> "Points":
        """Points of earth-centred coordinates (n, 3)."""
        return cls(at, [])

    def geodetic(self) -> np.ndarray:
        """Longitude, latitude (radians) and height (n, 3)."""
        if not self._geodetic:
            lon, lat, height = _GEODETIC.transform(*self.at.T)
            self._geodetic.append(np.column_stack([np.radians(lon), np.radians(lat), height]))
        return self._geodetic[0]


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume in the tileset's own axes. numbers: as the JSON has them; pose: (4, 4), which regions ignore."""

    kind: Kind
    numbers: tuple[float, ...]
    pose: np.ndarray

    def outside(self, points: Points) -> float:
        """By how many metres the farthest of these points lies outside; 0 if all lie within."""
        if len(points.at) == 0:
            return 0.0
        if self.kind == "region":
            return _outside_region(self.numbers, points.geodetic())
        centre = self.pose[:3, :3] @ np.array(self.numbers[:3]) + self.pose[:3, 3]
        offset = points.at - centre
        if self.kind == "sphere":
            scale = np.linalg.norm(self.pose[:3, :3], axis=0).max()
            return max(0.0, float(np.linalg.norm(offset, axis=1).max()) - self.numbers[3] * scale)
        worst = 0.0
        for axis in (self.pose[:3, :3] @ np.array(self.numbers[3:]).reshape(3, 3).T).T:
            length = float(np.linalg.norm(axis))
            along = np.abs(offset @ axis) / length if length else np.linalg.norm(offset, axis=1)
            worst = max(worst, float(along.max()) - length)
        return worst

    def holds(self, inner: "Volume") -> bool:
        """Whether another volume lies within this one (exact for regions in regions; corners tell of the others)."""
        if self.kind == inner.kind == "region":
            return _region_in_region(self.numbers, inner.numbers)
        if inner.kind == "region":
            return True  # its corners bulge over a box's sides; contents are compared instead
        return self.outside(Points.of(_corners(inner))) <= TOLERANCE_M

    def part(self, level: int, x: int, y: int, z: int, *, is_octree: bool) -> "Volume":
        """The piece of this volume that implicit tiling gives a tile."""
        cells = 2.0**level
        index = np.array([x, y, z if is_octree else 0], dtype=np.float64)
        split = np.array([cells, cells, cells if is_octree else 1.0])
        if self.kind == "region":
            west, south, east, north, low, high = self.numbers
            start, size = np.array([west, south, low]), np.array([east - west, north - south, high - low])
            a, b = start + size * index / split, start + size * (index + 1) / split
            return Volume("region", (a[0], a[1], b[0], b[1], a[2], b[2]), self.pose)
        centre, axes = np.array(self.numbers[:3]), np.array(self.numbers[3:]).reshape(3, 3)
        moved = centre + (axes * ((2 * index + 1) / split - 1.0)[:, None]).sum(axis=0)
        halves = (axes / split[:, None]).ravel()
        return Volume("box", (*moved.tolist(), *halves.tolist()), self.pose)


def read(value: Any, pose: np.ndarray, uri: str, report: Report) -> Volume | None:
    """A volume from its JSON; notes what is malformed."""
    kinds = [kind for kind in _COUNTS if isinstance(value, dict) and kind in value]
    if len(kinds) != 1:
        report.add(uri, "tile.volume", f"has {' and '.join(kinds) or 'no box, region or sphere'}")
        return None
    kind = kinds[0]
    if not are_numbers(value[kind], _COUNTS[kind]):
        report.add(uri, "tile.volume", f"{kind} is not {_COUNTS[kind]} numbers")
        return None
    numbers = tuple(float(number) for number in value[kind])
    if kind == "region":
        problem = region_problem(numbers)
        if problem:
            report.add(uri, "tile.region", problem)
            return None
    if kind == "sphere" and numbers[3] < 0:
        report.add(uri, "tile.volume", "radius is negative")
        return None
    return Volume(kind, numbers, pose)


def region_problem(numbers: tuple[float, ...]) -> str:
    """What is wrong with six numbers as a region; nothing if they are one."""
    west, south, east, north, low, high = numbers
    if not (abs(west) <= np.pi and abs(east) <= np.pi and abs(south) <= np.pi / 2 and abs(north) <= np.pi / 2):
        return "is not in radians"
    if south > north:
        return "south lies north of north"
    if west > east and not (west > 0 > east):
        return "west lies east of east, and not across the antimeridian"
    return "lowest height lies above the highest" if low > high else ""


def _outside_region(numbers: tuple[float, ...], points: np.ndarray) -> float:
    west, south, east, north, low, high = numbers
    lon, lat, height = points.T
    if west > east:
        lon, east = np.where(lon < 0, lon + 2 * np.pi, lon), east + 2 * np.pi
    sideways = max(west - lon.min(), lon.max() - east) * EARTH_M * float(np.cos(lat).max())
    along = max(south - lat.min(), lat.max() - north) * EARTH_M
    return max(0.0, float(sideways), float(along), float(low - height.min()), float(height.max() - high))


def _region_in_region(outer: tuple[float, ...], inner: tuple[float, ...]) -> bool:
    slack, metres = 1e-12, 1e-9
    west, east, other_west, other_east = outer[0], outer[2], inner[0], inner[2]
    if west > east:
        east += 2 * np.pi
        other_west, other_east = (v + 2 * np.pi if v < 0 else v for v in (other_west, other_east))
    return (
        west <= other_west + slack
        and outer[1] <= inner[1] + slack
        and east >= other_east - slack
        and outer[3] >= inner[3] - slack
        and outer[4] <= inner[4] + metres
        and outer[5] >= inner[5] - metres
    )


def _corners(volume: Volume) -> np.ndarray:
    """Corners of a box, or the six outermost points of a sphere along the axes."""
    centre = np.array(volume.numbers[:3])
    if volume.kind == "sphere":
        reach = np.eye(3) * volume.numbers[3]
        local = centre + np.vstack([reach, -reach])
    else:
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
        local = centre + signs @ np.array(volume.numbers[3:]).reshape(3, 3)
    return local @ volume.pose[:3, :3].T + volume.pose[:3, 3]
