"""Contour lines of a height field: marching squares, linear between its points. Pure."""

import contourpy
import numpy as np

from cim.errors import BadInput
from cim.raster import HeightField
from cim.types import FloatArray


def contour_lines(field: HeightField, interval: float) -> list[tuple[float, FloatArray]]:
    """Every line of a multiple of the interval: (height in metres, its vertices (n, 2) in the field's frame).

    Nothing is drawn where a void touches a square of four points. Lines of fields that share an edge of points meet there
    exactly, for a crossing is a function of the two points beside it alone. Raises BadInput for an interval that is none.

    >>> slope = HeightField(np.array([[1.0, 9.0], [1.0, 9.0]]), 0.0, 1.0, 1.0, 1.0)
    >>> [(height, line.tolist()) for height, line in contour_lines(slope, 4.0)]
    [(4.0, [[0.375, 0.0], [0.375, 1.0]]), (8.0, [[0.875, 0.0], [0.875, 1.0]])]
    """
    if not (np.isfinite(interval) and interval > 0):
        raise BadInput(f"an interval of {interval:g} m between contours; expected more than 0")
    values = np.asarray(field.values, dtype=np.float64)
    known = values[np.isfinite(values)]
    if not len(known) or min(values.shape) < 2:
        return []
    x = field.west + np.arange(values.shape[1]) * field.step_x
    y = field.north - np.arange(values.shape[0]) * field.step_y
    made = contourpy.contour_generator(x, y, np.ma.masked_invalid(values), name="serial", corner_mask=False)
    found = []
    for step in range(int(np.ceil(known.min() / interval)), int(np.floor(known.max() / interval)) + 1):
        level = step * interval
        found += [(level, np.asarray(line, dtype=np.float64)) for line in made.lines(level) if len(line) > 1]
    return found
