"""Where records lie, counted in a grid that grows with what it meets: it doubles, and four cells become one. Pure."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cim.types import BoolArray, Box, FloatArray

CELLS = 32
_LEAST = 1e-5  # degrees; a grid about one single place still has a size


class Density:
    """Counts of accepted and rejected records by place, in degrees; nothing beyond `within` is counted."""

    def __init__(self, within: Box, state: Mapping[str, Any] | None = None) -> None:
        self._within = within
        self._south_west: FloatArray | None = None
        self._size = np.zeros(2)
        self._counts = np.zeros((2, CELLS, CELLS), dtype=np.int64)
        if state is not None:
            west, south, east, north = state["extent"]
            self._south_west, self._size = np.array([west, south]), np.array([east - west, north - south])
            self._counts = np.array([state["accepted"], state["rejected"]], dtype=np.int64)

    def add(self, lonlat: FloatArray, *, rejected: bool) -> None:
        """Count places (n, 2)."""
        lonlat = lonlat[self._inside(lonlat)]
        if not len(lonlat):
            return
        low, high = lonlat.min(axis=0), lonlat.max(axis=0)
        if self._south_west is None:
            margin = np.maximum((high - low) * 0.02, _LEAST)
            self._south_west, self._size = low - margin, high - low + 2 * margin
        while True:
            below, above = low < self._south_west, high >= self._south_west + self._size
            if not (below | above).any():
                break
            self._double(toward_low=below)
        column, row = ((lonlat - self._south_west) / self._size * CELLS).astype(np.int64).T
        cell = np.clip(row, 0, CELLS - 1) * CELLS + np.clip(column, 0, CELLS - 1)
        self._counts[int(rejected)] += np.bincount(cell, minlength=CELLS**2).reshape(CELLS, CELLS)

    def grid(self) -> dict[str, Any] | None:
        """The grid as a report holds it, rows from the south; None where nothing lies anywhere."""
        if self._south_west is None:
            return None
        west, south = self._south_west.tolist()
        east, north = (self._south_west + self._size).tolist()
        accepted, rejected = self._counts.tolist()
        extent = [west, south, east, north]
        return {"extent": extent, "columns": CELLS, "rows": CELLS, "accepted": accepted, "rejected": rejected}

    def _inside(self, lonlat: FloatArray) -> BoolArray:
        w = self._within
        inside = (lonlat >= [w.west, w.south]) & (lonlat <= [w.east, w.north])
        return np.asarray(inside.all(axis=1))

    def _double(self, *, toward_low: BoolArray) -> None:
        """Twice the size both ways: to the west or south where asked, else to the east or north."""
        merged = self._counts.reshape(2, CELLS // 2, 2, CELLS // 2, 2).sum(axis=(2, 4))
        half = CELLS // 2
        x, y = (half if toward else 0 for toward in toward_low.tolist())
        self._counts = np.zeros_like(self._counts)
        self._counts[:, y : y + half, x : x + half] = merged
        assert self._south_west is not None
        self._south_west = np.where(toward_low, self._south_west - self._size, self._south_west)
        self._size = self._size * 2.0
