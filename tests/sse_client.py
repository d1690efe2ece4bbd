"""A Server-Sent Events client that reads in a thread and hangs up as a browser does."""

import http.client
import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Event:
    kind: str = "message"
    id: str | None = None
    data: Any = None


@dataclass
class Stream:
    """A Server-Sent Events client in a thread; `last_id` is what a browser would send on reconnecting."""

    events: "queue.Queue[Event]" = field(default_factory=queue.Queue)
    last_id: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def next(self, timeout: float = 60) -> Event:
        return self.events.get(timeout=timeout)

    def take(self, lines: Iterator[str]) -> None:
        event = Event()
        for line in lines:
            name, _, value = line.partition(": ")
            if line == "":
                if event.data is not None:
                    self.events.put(event)
                event = Event()
            elif name == "id":
                event.id = self.last_id = value
            elif name == "event":
                event.kind = value
            elif name == "data":
                event.data = json.loads(value)


@contextmanager
def listening(base: str, query: str = "", last_id: str | None = None) -> Iterator[Stream]:
    """A client of /live; at the end it hangs up as a browser does whose page is closed."""
    stream = Stream()
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=30)
    connection.connect()
    line = connection.sock
    connection.request("GET", f"/live{query}", headers={} if last_id is None else {"last-event-id": last_id})
    answer = connection.getresponse()
    assert answer.status == 200
    assert (answer.getheader("content-type") or "").startswith("text/event-stream")

    def run() -> None:
        with suppress(OSError, ValueError, http.client.HTTPException):
            stream.take(text.decode().rstrip("\n") for text in answer)
        stream.ended.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield stream
    finally:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        connection.close()
