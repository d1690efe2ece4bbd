"""Verdicts: the reasons collected while a batch is judged, and the records they set aside."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim.boundary import Boundary
from cim.types import BoolArray, Issue, Rejected


class Verdicts:
    """Collects reasons while a batch is judged; a record may gather several before it is set aside."""

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self.frame = frame
        self.issues: list[Issue] = []
        self._rows = frame.index.to_numpy()
        self._in = np.ones(len(frame), dtype=np.bool_)
        self._reasons: dict[int, list[tuple[str, str]]] = {}

    def reject(self, bad: "pd.Series[bool] | np.ndarray[Any, Any]", code: str, message: str) -> None:
        """Set aside the records where `bad`; they keep their place until `split`."""
        bad = np.asarray(bad, dtype=np.bool_)
        if bad.any():
            self._in &= ~bad
            for row in self._rows[bad].tolist():
                self._reasons.setdefault(row, []).append((code, message))

    def alive(self) -> BoolArray:
        """(n,) which records are still in."""
        return self._in.copy()

    def split(self, originals: gpd.GeoDataFrame) -> tuple[Rejected, ...]:
        """The rejected records, as they came; their reasons join the issues."""
        for row, found in self._reasons.items():
            self.issues += [Issue(code, message, row, rejected=True) for code, message in found]
        return tuple(
            Rejected(
                row=row,
                codes=tuple(code for code, _ in found),
                reason="; ".join(message for _, message in found),
                content=content(originals.loc[row]),
            )
            for row, found in sorted(self._reasons.items())
        )


def content(record: "pd.Series[Any]") -> Mapping[str, Any]:
    """A record as JSON-able fields: geometry as WKT, everything else as it came."""
    return {str(name): _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Boundary):
        return value.content()
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkt(value, rounding_precision=-1, output_dimension=4 if shapely.has_m(value) else 3)
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    found = value.item() if isinstance(value, np.generic) else value
    return found if isinstance(found, str | int | float | bool | list | dict) else str(found)
