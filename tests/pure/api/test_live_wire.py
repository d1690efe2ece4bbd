"""What /live asks and writes: parameters, filters, and ids that never let a client resume behind what it missed."""

import asyncio
import json

import pytest

from api.bus import Client, Filter, Told
from api.live import Asked, frame, last_of_each, parse, sse
from cim.errors import BadInput
from cim.types import Box


def event(id: int, kind: str = "incident", lonlat: tuple[float, float] | None = (113.0, 40.0)) -> Told:
    return Told(id, kind, lonlat, b'{"a":1}')


def test_the_parameters_are_understood() -> None:
    asked = parse("layers=incidents,tiles&bbox=113,40,114,41", "7")
    assert asked == Asked(Filter(frozenset({"incident", "tile"}), Box(113, 40, 114, 41)), 7)
    assert parse("", None) == Asked(Filter(), None)


def test_the_header_wins_over_the_address_it_was_reopened_at() -> None:
    assert parse("last_event_id=3", "9").after == 9
    assert parse("last_event_id=3", None).after == 3


@pytest.mark.parametrize(
    "query", ["layer=incidents", "layers=fires", "bbox=1,2,3", "last_event_id=x", "last_event_id=-1"]
)
def test_what_is_not_understood_is_refused(query: str) -> None:
    with pytest.raises(BadInput):
        parse(query, None)


@pytest.mark.parametrize(
    ("wants", "heard"),
    [
        (Filter(), [1, 2, 3]),
        (Filter(frozenset({"tile"})), [3]),
        (Filter(None, Box(113, 40, 114, 41)), [1]),
        (Filter(frozenset({"incident"}), Box(0, 0, 1, 1)), []),
    ],
)
def test_filters_pass_what_was_asked_for(wants: Filter, heard: list[int]) -> None:
    events = [event(1), event(2, lonlat=(112.0, 40.0)), event(3, "tile", None)]
    assert [e.id for e in events if wants.passes(e)] == heard


def test_only_the_last_of_several_with_one_id_can_be_resumed_from() -> None:
    events = [event(4), event(5), event(5), event(6)]
    assert last_of_each(events) == [True, False, True, True]
    assert sse(events, 6).decode().count("id: 5\n") == 1
    assert [json.loads(frame(e, last))["id"] for e, last in zip(events, last_of_each(events), strict=True)] == [
        4,
        None,
        5,
        6,
    ]


def test_an_event_is_three_lines_and_a_blank_one() -> None:
    assert sse([event(4)], 4) == b'event: incident\nid: 4\ndata: {"a":1}\n\n'


def test_a_heartbeat_is_a_comment_that_moves_the_id() -> None:
    assert sse([], None).startswith(b":")
    assert b"id: 9\n" in sse([], 9)
    assert b"data" not in sse([], 9)


def test_a_client_that_reads_nothing_is_cut_off_and_its_queue_freed() -> None:
    async def run() -> None:
        client = Client(Filter())
        for id in range(1, 2000):
            client.offer(id, [event(id)])
        assert client.lost
        assert client.queue.qsize() == 1
        assert await client.queue.get() is None

    asyncio.run(run())


def test_events_that_a_client_does_not_want_fill_no_queue_but_move_it_on() -> None:
    async def run() -> None:
        client = Client(Filter(frozenset({"tile"})))
        for id in range(1, 2000):
            client.offer(id, [event(id)])
        assert not client.lost
        assert client.upto == 1999

    asyncio.run(run())
