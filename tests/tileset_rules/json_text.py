"""JSON as 3D Tiles and glTF allow it: UTF-8 without a mark, unique keys, no NaN; and what counts as a number."""

import json
import math
from typing import Any


class _NotAllowed(ValueError):
    """JSON that a lenient reader would take."""


def parse(data: bytes) -> tuple[dict[str, Any] | None, str]:
    """The object a JSON text holds, or None and why not."""
    if data.startswith(b"\xef\xbb\xbf"):
        return None, "starts with a byte order mark"
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        return None, str(error)
    if not isinstance(value, dict):
        return None, "is not an object"
    return value, ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _NotAllowed(f"key {next(n for n in names if names.count(n) > 1)!r} occurs twice")
    return found


def _refused(name: str) -> float:
    raise _NotAllowed(f"{name} is not JSON")


def is_number(value: Any) -> bool:
    """Whether a JSON value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: Any, least: int = 0) -> bool:
    """Whether a JSON value is an integer of at least this."""
    return is_number(value) and value == int(value) and value >= least


def are_numbers(value: Any, count: int) -> bool:
    """Whether a JSON value is an array of this many finite numbers."""
    return isinstance(value, list) and len(value) == count and all(map(is_number, value))
