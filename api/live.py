"""/live: what happens, as it happens, over Server-Sent Events or a WebSocket.

Events are `incident`, `observation` (Features), `tile`, `dataset` (keys), and `reset`: more happened while the
client was away than is remembered, or than is told one by one: read everything anew. At the beginning and whenever
nothing was sent for a while there is a heartbeat that moves the client's id on: over SSE a comment, over a WebSocket
{"event":"heartbeat","id":the newest id or null,"data":null}. A client that is too slow, or whose server stops, is cut off;
it comes back with Last-Event-ID (or ?last_event_id=) and gets what it missed, each thing once, as it is by then.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from api.bus import KINDS, Bus, Client, Filter, Told
from api.deps import parse_bbox
from api.errors import Busy, as_problem, refuse_for
from api.responses import encode
from api.static import refuse
from cim.errors import BadInput, CimError, Unavailable

HEARTBEAT_S = 15.0
_SEND_S = 30.0  # a client that takes nothing for this long is gone
_GRACE_S = 1.0
_TRY_AGAIN, _VIOLATION = 1013, 1008  # WebSocket close codes: try again later; the request is wrong
_PARAMETERS = {"layers", "bbox", "last_event_id"}

Write = Callable[[Sequence[Told], int | None], Awaitable[None]]
"""`write(events, upto)`: the events (maybe none: a heartbeat), and where the client stands after them, if known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks of /live: which events, and after which one it resumes (None: from now on)."""

    wants: Filter
    after: int | None


def parse(query: str, last_event_id: str | None) -> Asked:
    """The request's parameters. Raises BadInput with what was expected.

    >>> parse("layers=incidents&bbox=113,40,114,41", "7").after
    7
    """
    given = parse_qs(query, keep_blank_values=True)
    strange = sorted(given.keys() - _PARAMETERS)
    if strange:
        raise BadInput(f"query parameter {strange[0]!r} is unknown; known here: {', '.join(sorted(_PARAMETERS))}")
    names = [name for text in given.get("layers", []) for name in text.split(",")]
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise BadInput(f"layers={unknown[0]!r}: nothing live is called so; known: {', '.join(KINDS)}")
    kinds = frozenset(KINDS[name] for name in names) if names else None
    box = parse_bbox(given["bbox"][-1]) if "bbox" in given else None
    # The header wins: a browser sends it on reconnecting to an address that still holds an older ?last_event_id=.
    text = last_event_id or given.get("last_event_id", [""])[-1]
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput(f"Last-Event-ID {text!r}: expected the number of an event")
    return Asked(Filter(kinds, box), int(text) if text else None)


class Live:
    """Answers at /live, for HTTP and WebSocket alike, and passes every other request to `rest`."""

    def __init__(self, rest: ASGIApp, bus: Callable[[], Bus]) -> None:
        self._rest, self._bus = rest, bus

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its opening to its end."""
        if scope["type"] not in ("http", "websocket") or scope["path"] != "/live":
            await self._rest(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] != "GET":
            await refuse(scope, send, 405, "Method Not Allowed", "only GET is possible at /live", "method_not_allowed")
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            asked = parse(scope["query_string"].decode("latin-1"), headers.get(b"last-event-id"))
            bus = self._bus()
            client = await bus.join(asked.wants)
        except CimError as error:
            await _refuse(error, scope, receive, send)
            return
        follow = _websocket if scope["type"] == "websocket" else _sse
        try:
            await follow(bus, client, asked.after, receive, send)
        except (TimeoutError, OSError):
            pass  # the client is gone; the server closes what is left of the connection
        finally:
            bus.leave(client)


async def _sse(bus: Bus, client: Client, after: int | None, receive: Receive, send: Send) -> None:
    async def body(text: bytes, more: bool = True) -> None:
        async with asyncio.timeout(_SEND_S):
            await send({"type": "http.response.body", "body": text, "more_body": more})

    async def write(events: Sequence[Told], upto: int | None) -> None:
        await body(sse(events, upto))

    headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
    headers |= {"x-accel-buffering": "no", "access-control-allow-origin": "*"}
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": lines})
    await body(b"retry: 2000\n\n")
    await _first_of(_feed(bus, client, after, write), _gone(receive, "http.disconnect"), _stuck(client))
    await body(b"", more=False)


async def _websocket(bus: Bus, client: Client, after: int | None, receive: Receive, send: Send) -> None:
    async def write(events: Sequence[Told], upto: int | None) -> None:
        frames = [frame(event, last) for event, last in zip(events, last_of_each(events), strict=True)]
        for text in frames or [heartbeat(upto)]:
            async with asyncio.timeout(_SEND_S):
                await send({"type": "websocket.send", "text": text.decode()})

    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    await _first_of(_feed(bus, client, after, write), _gone(receive, "websocket.disconnect"), _stuck(client))
    if client.lost:
        await send({"type": "websocket.close", "code": _TRY_AGAIN, "reason": "resume with last_event_id"})


async def _feed(bus: Bus, client: Client, after: int | None, write: Write) -> None:
    """First what was missed, then what comes, and a heartbeat in between; ends when the client is cut off."""
    seen = after
    if after is None:
        await write([], client.upto)
    else:
        async for upto, events in _missed(bus, client, after):
            await write(events, upto)
            seen = upto
    while not client.lost:
        try:
            batch = await asyncio.wait_for(client.queue.get(), HEARTBEAT_S)
        except TimeoutError:
            await write([], client.upto if seen is None or (client.upto or 0) >= seen else seen)
            continue
        events = [event for event in batch or () if seen is None or event.id > seen]
        if events:
            await write(events, events[-1].id)


async def _missed(bus: Bus, client: Client, after: int) -> AsyncIterator[tuple[int | None, list[Told]]]:
    """One batch of what happened since, as soon as the database is there; None and nothing while it is not."""
    while not client.lost:
        try:
            upto, why, events = await asyncio.to_thread(bus.missed, after)
        except Unavailable:
            yield None, []
            await asyncio.sleep(1.0)
            continue
        wanted = [event for event in events if client.wants.passes(event)]
        lead = [] if why is None else [Told(upto, "reset", None, encode({"reason": why}))]
        yield upto, [*lead, *wanted]
        return


async def _first_of(*ends: Awaitable[None]) -> None:
    """Run all until one ends, then cancel the others."""
    tasks = [asyncio.ensure_future(end) for end in ends]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, TimeoutError, OSError):
                await task
    for task in done:
        task.result()


async def _gone(receive: Receive, kind: str) -> None:
    while (await receive())["type"] != kind:
        pass


async def _stuck(client: Client) -> None:
    """A client that is cut off while it takes nothing cannot be told so: give it a moment, then let go."""
    await client.cut_off.wait()
    await asyncio.sleep(_GRACE_S)


async def _refuse(error: CimError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        code = _TRY_AGAIN if isinstance(error, Busy) else _VIOLATION
        reason = as_problem(error)["detail"].encode()[:120].decode(errors="ignore")
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": code, "reason": reason})
    else:
        await refuse_for(error, scope, send)


def last_of_each(events: Sequence[Told]) -> list[bool]:
    """Whether each event is the last one with its id: a client that breaks off earlier must not resume behind it."""
    last = {event.id: number for number, event in enumerate(events)}
    return [last[event.id] == number for number, event in enumerate(events)]


def sse(events: Sequence[Told], upto: int | None) -> bytes:
    """Events as the HTML standard writes them (9.2.5); without any, a comment that moves the client's id on.

    >>> sse([], 7)
    b': still here\\nid: 7\\n\\n'
    """
    if not events:
        return b": still here\n\n" if upto is None else b": still here\nid: %d\n\n" % upto
    blocks = []
    for event, resumable in zip(events, last_of_each(events), strict=True):
        id_line = b"id: %d\n" % event.id if resumable else b""
        blocks.append(b"event: %b\n%bdata: %b\n\n" % (event.kind.encode(), id_line, event.data))
    return b"".join(blocks)


def frame(event: Told, resumable: bool) -> bytes:
    """An event as one WebSocket message; `id` is null where more of the same event follows."""
    return b'{"event":"%b","id":%b,"data":%b}' % (
        event.kind.encode(),
        str(event.id).encode() if resumable else b"null",
        event.data,
    )


def heartbeat(upto: int | None) -> bytes:
    """What a WebSocket client hears when nothing happened: where it stands (null: not known yet).

    >>> heartbeat(7)
    b'{"event":"heartbeat","id":7,"data":null}'
    """
    return encode({"event": "heartbeat", "id": upto, "data": None})
