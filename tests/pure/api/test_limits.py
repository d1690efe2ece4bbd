"""Bodies are read up to their limit and no further, and what is held at once is bounded."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from api.errors import Busy, TooLarge
from api.limits import MOST_BODY, Budget, Limited, read_body
from cim.errors import BadInput


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await Response(body)(scope, receive, send)


def read(chunks: list[bytes], most: int, budget: Budget | None = None, stated: bytes | None = None) -> bytes:
    """read_body of a request that comes in these chunks."""
    messages: Iterator[Message] = iter(
        {"type": "http.request", "body": chunk, "more_body": n < len(chunks)} for n, chunk in enumerate(chunks, 1)
    )

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    async def run() -> bytes:
        scope = {"headers": [] if stated is None else [(b"content-length", stated)]}
        if budget is None:
            return await read_body(scope, receive, most)
        with budget.share() as take:
            return await read_body(scope, receive, most, take)

    return asyncio.run(run())


def test_a_body_passes_whole_up_to_the_limit_and_not_above() -> None:
    client = TestClient(Limited(echo))
    for method in ("POST", "PATCH"):
        assert client.request(method, "/", content=b"x" * MOST_BODY).content == b"x" * MOST_BODY
        answer = client.request(method, "/", content=b"x" * (MOST_BODY + 1))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_without_a_stated_length_is_counted_as_it_comes() -> None:
    assert read([b"abc", b"de"], 5) == b"abcde"
    with pytest.raises(TooLarge, match="1 KiB"):
        read([b"x" * 1000] * 3, 1024)


@pytest.mark.parametrize("stated", [b"6", b"9" * 5000])
def test_a_stated_length_is_believed_before_anything_is_read(stated: bytes) -> None:
    with pytest.raises(TooLarge):
        read([], 5, stated=stated)


def test_a_request_that_breaks_off_is_no_body() -> None:
    with pytest.raises(BadInput, match="broke off"):
        read([], 5)


def test_the_budget_is_shared_and_given_back() -> None:
    budget = Budget(10)
    with budget.share() as take:
        take(6)
        with pytest.raises(Busy):
            read([b"abc", b"de"], 100, budget)
        assert read([b"abcd"], 100, budget) == b"abcd"
    assert read([b"x" * 5, b"y" * 5], 100, budget) == b"xxxxxyyyyy"
