"""LAS and LAZ files for tests, written by laspy: points on a slope, with classes, of any point format and CRS."""

from pathlib import Path

import laspy
import numpy as np
from laspy.vlrs.known import GeoKeyDirectoryVlr, WktCoordinateSystemVlr
from pyproj import CRS

X, Y = 439_000.0, 4_440_000.0


def write_las(
    path: Path, xyz: np.ndarray, classes: np.ndarray, *, crs: str | None = None, point_format: int = 3
) -> Path:
    """Write points (n, 3) with classes (n,); packed where the name ends in laz. crs: as WKT, None for none."""
    version = "1.4" if point_format >= 6 else "1.2"
    header = laspy.LasHeader(point_format=point_format, version=version)
    header.scales, header.offsets = np.full(3, 0.001), np.floor(xyz.min(axis=0))
    if crs is not None:
        header.vlrs.append(WktCoordinateSystemVlr(CRS.from_user_input(crs).to_wkt("WKT1_GDAL")))
        header.global_encoding.wkt = True
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.classification = classes
    las.write(path, laz_backend=laspy.LazBackend.Lazrs if path.suffix == ".laz" else None)
    return path


def write_with_keys(path: Path, xyz: np.ndarray, classes: np.ndarray, epsg: int) -> Path:
    """The same with its CRS in GeoTIFF keys, as LAS 1.2 has it."""
    header = laspy.LasHeader(point_format=1, version="1.2")
    header.scales, header.offsets = np.full(3, 0.001), np.floor(xyz.min(axis=0))
    keys = np.array([1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, epsg], dtype="<u2").tobytes()
    table = GeoKeyDirectoryVlr()
    table.parse_record_data(keys)
    header.vlrs.append(table)
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.classification = classes
    las.write(path)
    return path


def slope(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) of half a square kilometre in the frame of the sample city, and their classes (n,)."""
    draw = np.random.default_rng(seed)
    xy = np.round(draw.uniform([X, Y], [X + 1000.0, Y + 500.0], (count, 2)), 3)
    z = np.round(1040.0 + (xy[:, 0] - X) / 50.0, 3)
    return np.column_stack([xy, z]), draw.choice(np.array([2, 6, 9], dtype=np.uint8), count)
