"""Footprints as a CityJSON text sequence: one LoD1 solid a building, for rivals that read nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

_SCALE = 0.001  # metres a unit
_CITYJSON = "2.0"


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """The file, one JSON object a line: the head, then a CityJSONFeature a building (CityJSON 2.0.1, section 8)."""
    unfinished = path.with_suffix(".unfinished")
    origin = np.floor(frame.total_bounds[:2]).tolist()
    with unfinished.open("w", encoding="utf-8") as file:
        for entry in (_head(frame, origin), *_features(frame, origin)):
            file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")
    unfinished.rename(path)


def solid(polygon: shapely.Polygon, height_m: float, origin: list[float]) -> tuple[list[list[int]], list[Any]]:
    """A footprint raised from 0: vertices in millimetres from the origin, and the boundaries of a Solid.

    Every face is counter-clockwise seen from outside; a courtyard's walls look into it.

    >>> vertices, (shell,) = solid(shapely.box(0, 0, 2, 1), 3.0, [0.0, 0.0])
    >>> len(vertices), len(shell), vertices[0], vertices[4]
    (8, 6, [2000, 0, 0], [2000, 0, 3000])
    """
    turned = shapely.orient_polygons(polygon)
    low: list[list[int]] = []
    rings: list[list[int]] = []
    for ring in (turned.exterior, *turned.interiors):
        xy = np.rint((shapely.get_coordinates(ring)[:-1] - origin) / _SCALE).astype(int).tolist()
        rings.append(list(range(len(low), len(low) + len(xy))))
        low.extend([x, y, 0] for x, y in xy)
    up, top = len(low), round(height_m / _SCALE)
    walls = [[[a, b, b + up, a + up]] for ring in rings for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    ground, roof = [ring[::-1] for ring in rings], [[v + up for v in ring] for ring in rings]
    return low + [[x, y, top] for x, y, _ in low], [[ground, roof, *walls]]


def _head(frame: gpd.GeoDataFrame, origin: list[float]) -> dict[str, Any]:
    west, south, east, north = frame.total_bounds.tolist()
    return {
        "type": "CityJSON",
        "version": _CITYJSON,
        "transform": {"scale": [_SCALE] * 3, "translate": [*origin, 0.0]},
        "metadata": {
            "referenceSystem": f"https://www.opengis.net/def/crs/EPSG/0/{frame.crs.to_epsg()}",
            "geographicalExtent": [west, south, 0.0, east, north, float(frame["height_m"].max())],
        },
        "CityObjects": {},
        "vertices": [],
    }


def _features(frame: gpd.GeoDataFrame, origin: list[float]) -> Iterator[dict[str, Any]]:
    attributes = frame.drop(columns="geometry").to_dict("records")
    for polygon, record in zip(frame.geometry.to_numpy(), attributes, strict=True):
        key = record.pop("id")
        vertices, boundaries = solid(polygon, record["height_m"], origin)
        geometry = {"type": "Solid", "lod": "1.2", "boundaries": boundaries}
        known = {name: value for name, value in record.items() if value == value and value is not None}
        building = {"type": "Building", "attributes": known, "geometry": [geometry]}
        yield {"type": "CityJSONFeature", "id": key, "CityObjects": {key: building}, "vertices": vertices}
