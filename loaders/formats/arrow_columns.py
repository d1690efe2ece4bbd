"""Columns of an Arrow table as the values that records hold: plain numbers, texts, truths, lists and mappings."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

import pyarrow as pa


def values(array: "pa.Array[Any]") -> Sequence[Any]:
    """The n values: times as ISO 8601 text, decimals as text, bytes in hexadecimal; bad text with half surrogate pairs."""
    kind = array.type
    if isinstance(kind, pa.ExtensionType):
        return values(array.storage)
    if pa.types.is_dictionary(kind):
        known = values(array.dictionary)
        return [None if i is None else known[i] for i in array.indices.to_pylist()]
    if array.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return cast(Sequence[Any], array.to_numpy(zero_copy_only=False))
    try:
        found = array.to_pylist()
    except UnicodeDecodeError:
        return [_text(array[i]) for i in range(len(array))]
    simple = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    return (
        found if simple or pa.types.is_primitive(kind) and not pa.types.is_temporal(kind) else [plain(v) for v in found]
    )


def _text(scalar: "pa.Scalar[Any]") -> Any:
    """A text whose bytes may be none; anything else that holds such a text is shown as bytes."""
    if not scalar.is_valid:
        return None
    try:
        return plain(scalar.as_py())
    except UnicodeDecodeError:
        held = scalar.as_buffer() if hasattr(scalar, "as_buffer") else None
        return "\udcff" if held is None else held.to_pybytes().decode("utf-8", "surrogateescape")


def plain(value: Any) -> Any:
    """A value as JSON knows it, as far as it can."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, tuple) and len(one) == 2 for one in value):  # how Arrow gives a mapping
            return {str(name): plain(one) for name, one in value}
        return [plain(one) for one in value]
    return value
