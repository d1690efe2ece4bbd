"""Counts of what the server does, in Prometheus' text format (version 0.0.4)."""

import threading
from collections import Counter
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_DOORS = frozenset(
    ("health", "metrics", "docs", "openapi.json", "tiles3d", "terrain", "vector", "imagery")
    + ("ogc", "places", "sta", "sensors", "incidents", "live")
)


class Metrics:
    """Counters that threads share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._observations = 0
        self.live_clients: Callable[[], int] = lambda: 0

    def request(self, door: str, method: str, status: int) -> None:
        """Count one answered request."""
        with self._lock:
            self._requests[door, method, status] += 1

    def ingested(self, count: int) -> None:
        """Count observations that a client sent and the store holds."""
        with self._lock:
            self._observations += count

    def text(self) -> str:
        """All counts as Prometheus reads them."""
        with self._lock:
            requests, observations = sorted(self._requests.items()), self._observations
        lines = ["# HELP cim_requests_total HTTP requests answered.", "# TYPE cim_requests_total counter"]
        lines += [
            f'cim_requests_total{{door="{door}",method="{method}",status="{status}"}} {count}'
            for (door, method, status), count in requests
        ]
        lines += [
            "# HELP cim_observations_total Observations received and stored.",
            "# TYPE cim_observations_total counter",
            f"cim_observations_total {observations}",
            "# HELP cim_live_clients Clients that follow /live now.",
            "# TYPE cim_live_clients gauge",
            f"cim_live_clients {self.live_clients()}",
        ]
        return "\n".join(lines) + "\n"


class Counted:
    """Counts the requests that pass through to an app, by door, method and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its answer when that begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        first = scope["path"].split("/", 2)[1]
        door = first if first in _DOORS else "viewer"
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "PATCH", "OPTIONS") else "other"

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.request(door, method, message["status"])
            await send(message)

        await self._app(scope, receive, counted)
