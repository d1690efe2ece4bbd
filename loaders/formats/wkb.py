"""Well-known binary as geometries, each for itself: one that cannot be read costs no other."""

from typing import Any

import numpy as np
import shapely

from cim.types import ObjectArray


@np.errstate(over="ignore", invalid="ignore")
def shapes(wkb: ObjectArray) -> tuple[ObjectArray, list[int], list[int]]:
    """The geometries (n,) of bytes (n,), None where there is none or it cannot be read.

    Also which of them are curves (None too: shapely knows none), and which had rings that were closed.
    """
    wkb = wkb.copy()
    curves: list[int] = []
    try:
        found: ObjectArray = shapely.from_wkb(wkb, on_invalid="ignore")
    except NotImplementedError:
        curves = [i for i, content in enumerate(wkb) if _is_curve(content)]
        wkb[curves] = None
        found = shapely.from_wkb(wkb, on_invalid="ignore")
    odd = np.flatnonzero(shapely.is_missing(found) & np.array([content is not None for content in wkb], dtype=bool))
    found[odd] = shapely.from_wkb(wkb[odd], on_invalid="fix")
    return found, curves, [int(i) for i in odd if found[i] is not None]


def _is_curve(content: Any) -> bool:
    try:
        shapely.from_wkb(content, on_invalid="ignore")
    except NotImplementedError:
        return True
    return False
