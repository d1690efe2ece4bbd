"""Fields of records as text, or as JSON knows them."""

from typing import Any

import numpy as np
import pandas as pd

from cim.types import ObjectArray

_EXACT = 2.0**53
"""From here on whole floats have digits that nobody wrote."""


def as_texts(values: "pd.Series[Any]") -> ObjectArray:
    """Fields as trimmed text (n,), blanks None; a column of nothing but text or of nothing at all is quick."""
    if values.isna().all():
        return np.full(len(values), None, dtype=object)
    found = [(v.strip() or None) if type(v) is str else None if v is None else as_text(v) for v in values.tolist()]
    return np.array([*found, None], dtype=object)[:-1]


def as_text(value: Any) -> str | None:
    """A field as trimmed text; whole floats lose their `.0`, blanks become None."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT:
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    found = str(value).strip()
    return found or None


def as_json(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | int | float | bool | list | dict) else str(value)
