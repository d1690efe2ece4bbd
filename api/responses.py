"""What answers look like on the wire: JSON, GeoJSON and problem bodies, written straight from plain values."""

from typing import Any

import orjson
from starlette.responses import Response

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def encode(value: Any) -> bytes:
    """JSON bytes; times as RFC 3339 in UTC with a Z."""
    return orjson.dumps(value, option=_OPTIONS)


class Json(Response):
    """A JSON answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body's bytes."""
        return encode(content)


class GeoJson(Json):
    """A GeoJSON answer (RFC 7946)."""

    media_type = "application/geo+json"


class Problem(Json):
    """A problem answer (RFC 9457)."""

    media_type = "application/problem+json"


def problem(status: int, title: str, detail: str, code: str) -> dict[str, Any]:
    """A problem's body: `code` is stable and never translated, `detail` is one sentence in English."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
