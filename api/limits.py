"""How much one client may ask for at once: sizes of bodies, ids that the store can hold, texts that it can keep."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Busy, TooLarge, refuse_for
from cim.errors import BadInput, CimError

MOST_BODY = 64 * 1024
"""Bytes of a body, wherever a door does not say otherwise."""
MOST_ID = 2**63 - 1

Id = Annotated[int, Path(ge=0, le=MOST_ID)]
LastId = Annotated[
    int | None, Query(ge=0, le=MOST_ID, description="the last id of the page before (as in the `next` link)")
]


def _keepable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text must not hold the NUL character (U+0000)")
    return text


Text = Annotated[str, AfterValidator(_keepable)]
"""A text that the store can keep."""


class Limited:
    """Reads the bodies of requests before `rest` does, and refuses the larger ones with 413."""

    def __init__(self, rest: ASGIApp) -> None:
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._rest(scope, receive, send)
            return
        try:
            body: bytes | None = await read_body(scope, receive, MOST_BODY)
        except CimError as error:
            await refuse_for(error, scope, send)
            return

        async def replayed() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            message, body = {"type": "http.request", "body": body, "more_body": False}, None
            return message

        await self._rest(scope, replayed, send)


class Budget:
    """Bytes that all requests together may hold at once. Used in the event loop alone."""

    def __init__(self, total: int) -> None:
        self._left = total

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """A function that takes bytes for as long as the context lasts; it raises Busy where too few are left."""
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if count > self._left:
                raise Busy("as much as the server takes at once is waiting to be stored: send this again in a moment")
            self._left -= count
            taken += count

        try:
            yield take
        finally:
            self._left += taken


async def read_body(scope: Scope, receive: Receive, most: int, take: Callable[[int], None] | None = None) -> bytes:
    """A request's whole body. take: told of every piece's size before it is kept.

    Raises TooLarge above `most` bytes (before reading any where the header says so), BadInput where the client left.
    """
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if stated.isdigit() and (len(stated) > 18 or int(stated) > most):
        raise _too_large(most)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadInput("the request broke off")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        if take is not None:
            take(len(chunk))
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is larger than {most // 1024} KiB, the most that this door takes: send it in parts")
