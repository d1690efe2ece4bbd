"""One JSON value with the text it was read from, or the reason why that text is none."""

import json
import re
from typing import Any, NamedTuple

import orjson

RAW_KEPT_BYTES = 16 << 10
"""of a damaged stretch this much is kept; its whole length is always told"""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Stretch(NamedTuple):
    """A value with its text, or (fault set) a stretch of the file that is none. length: of the text, in bytes.

    fault: `not_json`; `encoding`: JSON, but for bytes that are not UTF-8; `nul_character`: no store can hold its text.
    """

    value: Any
    raw: bytes
    length: int
    fault: str | None = None

    def text(self) -> str:
        """What stood there, as far as it is kept, with what is no text written as escapes."""
        kept = self.raw[:RAW_KEPT_BYTES].decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        return kept if self.length <= RAW_KEPT_BYTES else f"{kept} ... ({self.length} bytes in all)"


def parse(raw: bytes) -> Stretch:
    """The value that these bytes are, however unusual: NaN and numbers beyond float64 are read as unknown (None)."""
    try:
        value = orjson.loads(raw)
    except ValueError:
        try:
            value = json.loads(
                raw.decode("utf-8"), parse_constant=lambda _: None, parse_int=_number, parse_float=_number
            )
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no character
        except UnicodeError:
            return Stretch(None, raw, len(raw), "encoding")
        except (ValueError, RecursionError):
            return Stretch(None, raw, len(raw), "not_json")
    if b"\\u0000" in raw and _NUL.search(raw):
        return Stretch(None, raw, len(raw), "nul_character")
    return Stretch(value, raw, len(raw))


def _number(text: str) -> int | float | None:
    if len(text) < 19 and text.lstrip("-").isdigit():
        return int(text)
    value = float(text)
    return value if abs(value) != float("inf") else None


def is_feature(value: Any) -> bool:
    """Whether a value is plainly meant to be a feature; what lies within a feature is not.

    >>> is_feature({"type": "Feature"}), is_feature({"type": "Polygon", "coordinates": []})
    (True, False)
    """
    if not isinstance(value, dict):
        return False
    return str(value.get("type")).casefold() == "feature" or {"geometry", "properties"} <= value.keys()
