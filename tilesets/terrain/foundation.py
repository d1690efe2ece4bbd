"""How deep buildings must be founded: a height that no terrain mesh drawn near them leaves bare.

A client draws a mesh of level n while its error, 77,067 m / 2^n (CesiumJS's for 65-vertex tiles), looks smaller than 2 to
4 pixels. Single buildings are drawn within some 12 km of the camera; there, 1080 pixels high and 60 to 66 degrees of view,
nothing coarser than level 10 is needed (77,067 / 2^10 = 75 m; 4 px x 12,000 m x 2 tan 33 / 1080 px = 58 m). Level 9 leaves
room for windows down to 400 pixels; coarser meshes show only for the moment in which finer ones are on their way.
"""

from collections.abc import Iterator

import numpy as np

from cim.types import FloatArray, IntArray

FOUNDATION_LEVEL = 9
FOOT_STEP_M = 1.0
"""Feet are whole multiples of this, rounded down: they lie underground, and a few centimetres of ground move no vertex."""
_TOGETHER = 4
STEEPEST = 5e-4
"""How much the geoid's height changes at most, metres a metre: deflections of the vertical stay below 100 arc seconds."""


def round_down(feet: FloatArray) -> FloatArray:
    """Feet on whole steps, never above what was given; NaN stays."""
    rounded: FloatArray = np.floor(feet / FOOT_STEP_M) * FOOT_STEP_M
    return rounded


def quads_touched(bounds: FloatArray, step: float) -> tuple[IntArray, IntArray]:
    """The first and the last quad (n, 2), column and row counted from the south-west, that boxes touch.

    bounds: (n, 4) lon/lat degrees, a hair round them included. step: degrees between the vertices of the level.
    """
    hair = 1e-6  # of a quad
    first = np.floor((bounds[:, :2] + [180.0, 90.0]) / step - hair).astype(np.int64)
    last = np.floor((bounds[:, 2:] + [180.0, 90.0]) / step + hair).astype(np.int64)
    return first, last


def shared_steps(first: IntArray, last: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Rectangles of quads (n, 2), (n, 2), quad by quad: rows (m,) of rectangles, and a quad (m, 2) of each.

    Small rectangles step together, the same step from each one's corner; large ones are taken one by one.
    """
    spans = last - first
    large = (spans > _TOGETHER).any(axis=1)
    small = np.flatnonzero(~large)
    for up in range(int(spans[small, 1].max(initial=-1)) + 1):
        for right in range(int(spans[small, 0].max(initial=-1)) + 1):
            rows = small[(spans[small, 0] >= right) & (spans[small, 1] >= up)]
            yield rows, first[rows] + [right, up]
    for row in np.flatnonzero(large).tolist():
        j, i = np.mgrid[first[row, 1] : last[row, 1] + 1, first[row, 0] : last[row, 0] + 1]
        yield np.full(i.size, row), np.column_stack([i.ravel(), j.ravel()])
