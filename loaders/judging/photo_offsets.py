"""Footprints of a dataset held against the loaded orthophotos: the shift of each cell, of the whole, and what it means."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely

from cim import crs as frames
from cim.inference.photo_offset import REASONS, Offset, Shift, cells, shift, together
from cim.types import Box, IntArray, Progress
from loaders.raster import grey_window

CELL_PX = 600
"""Side of a cell in pixels of the photo (the project's own default): some hundred houses at half a metre."""
COARSEST_M = 2.0
"""A photo of coarser pixels shows houses as spots: nothing is held against it (the project's own default)."""
MOST_CELLS = 200
"""So many cells are looked at, evenly over the dataset (the project's own default)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A square that was looked at: its middle (lon/lat degrees), how many footprints it holds, and its shift."""

    at: tuple[float, float]
    footprints: int
    shift: Shift


@dataclass(frozen=True, slots=True)
class Finding:
    """What the photos say of one dataset. verdict: `agrees`, `differs` or `cannot_tell`; limit_m: from where on it differs.

    photo: the finest dataset of photos that answered; reasons: why cells could not tell, counted.
    """

    dataset: str
    photo: str | None
    pixel_m: float | None
    offset: Offset
    limit_m: float | None
    verdict: str
    reasons: dict[str, int]
    cells: tuple[Cell, ...]

    def sentence(self) -> str:
        """The finding in words."""
        o = self.offset
        if o.dx_m is None or o.dy_m is None or o.length_m is None or self.limit_m is None:
            worst = max(self.reasons, key=lambda code: self.reasons[code]) if self.reasons else "photo_missing"
            return f"{self.dataset}: cannot tell: {REASONS[worst]} ({_told(self.reasons) or 'no cell'})"
        east, north = "east" if o.dx_m >= 0 else "west", "north" if o.dy_m >= 0 else "south"
        way = f"{abs(o.dx_m):.2f} m {east}, {abs(o.dy_m):.2f} m {north}"
        than = "more" if self.verdict == "differs" else "no more"
        return (
            f"{self.dataset}: {self.photo} lies {o.length_m:.2f} m off ({way}), {than} than the {self.limit_m:.2f} m that "
            f"the stated accuracies allow; {o.agreeing} of {o.telling} cells agree, {o.cells - o.telling} cannot tell"
        )

    def plain(self) -> dict[str, Any]:
        """The finding as JSON knows it, with its sentence."""
        return {**asdict(self), "sentence": self.sentence()}

    def noted(self, photos: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The finding as a version of the dataset keeps it: without its cells, with the version of the photo."""
        version = next((photo["version"] for photo in photos if photo["dataset"] == self.photo), None)
        told = {"verdict": self.verdict, "limit_m": self.limit_m, "pixel_m": self.pixel_m, "reasons": self.reasons}
        return {
            **asdict(self.offset),
            "length_m": self.offset.length_m,
            **told,
            "photo": self.photo,
            "photo_version": version,
        }


def find(
    dataset: str,
    shapes: np.ndarray[Any, Any],
    accuracy_m: float | None,
    photos: Sequence[dict[str, Any]],
    crs: str,
    progress: Progress,
    reach_m: float,
) -> Finding:
    """What the photos say of footprints (n,) of the city frame `crs`.

    accuracy_m: of the footprints, as stated. photos: parts with `dataset` and `accuracy_m`, the finest first. Raises
    BadSource for one that has gone.
    """
    fine = [photo for photo in photos if float(photo["pixel_m"]) <= COARSEST_M]
    looked: list[Cell] = []
    used: Counter[int] = Counter()
    if fine and len(shapes):
        groups = cells(shapes, CELL_PX * float(fine[0]["pixel_m"]))
        wanted = np.unique(np.linspace(0, len(groups) - 1, min(MOST_CELLS, len(groups))).round().astype(int)).tolist()
        for done, number in enumerate(wanted, 1):
            looked.append(_look(shapes, groups[number], fine, crs, reach_m, used))
            progress(done, len(wanted), "cells of the photo")
    answered = fine[used.most_common(1)[0][0]] if used else None
    return _judged(dataset, looked, answered, accuracy_m)


def _look(
    shapes: np.ndarray[Any, Any],
    members: IntArray,
    photos: Sequence[dict[str, Any]],
    crs: str,
    reach_m: float,
    used: "Counter[int]",
) -> Cell:
    """The shift of one cell, by the finest photo that can tell."""
    here = shapes[members]
    west, south, east, north = shapely.total_bounds(here).tolist()
    around = Box(west - reach_m, south - reach_m, east + reach_m, north + reach_m)
    found = Shift(None, None, 0.0, "photo_missing")
    for number, photo in enumerate(photos):
        window = grey_window.read([photo], around, crs)
        if window is None:
            continue
        found = shift(window.values, window.west, window.north, window.pixel_m, here, reach_m)
        if found.reason is None:
            used[number] += 1
            break
    lon, lat = frames.transform(np.array([[(west + east) / 2, (south + north) / 2]]), crs, frames.LONLAT)[0].tolist()
    return Cell((round(lon, 6), round(lat, 6)), len(here), found)


def _judged(dataset: str, looked: Sequence[Cell], photo: dict[str, Any] | None, accuracy_m: float | None) -> Finding:
    """The limit: both stated accuracies, one upon the other as independent errors are, and at least a pixel."""
    pixel = None if photo is None else float(photo["pixel_m"])
    offset = together([cell.shift for cell in looked], pixel or 1.0)
    reasons = dict(Counter(cell.shift.reason for cell in looked if cell.shift.reason is not None))
    if photo is None or pixel is None or offset.length_m is None:
        return Finding(dataset, None, pixel, offset, None, "cannot_tell", reasons, tuple(looked))
    stated = [float(one) for one in (accuracy_m, photo.get("accuracy_m")) if one is not None]
    limit = max(pixel, float(np.hypot.reduce([*stated, 0.0])))
    verdict = "differs" if offset.length_m > limit else "agrees"
    return Finding(dataset, str(photo["dataset"]), pixel, offset, round(limit, 3), verdict, reasons, tuple(looked))


def _told(reasons: dict[str, int]) -> str:
    return ", ".join(f"{code} {n}" for code, n in sorted(reasons.items()))
