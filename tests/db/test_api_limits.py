"""What is too large, too many or out of range is refused with a clear answer, and never as the server's own fault."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import websockets
from starlette.testclient import TestClient

from api import bus as telling
from api import ingest
from api.app import create_app
from cim.settings import Settings
from cim.store import bus
from cim.store.db import Database
from tests.sse_client import listening

pytestmark = pytest.mark.db
DOOR = "/sta/v1.1/Observations"
BEYOND = 2**63


def incident(**properties: Any) -> dict[str, Any]:
    told = {"kind": "fire", "title": "x", "severity": 4, "is_synthetic": True} | properties
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [113.29, 40.09]},
        "properties": told,
    }


def test_a_large_body_is_a_413(client: httpx.Client) -> None:
    made = client.post("/incidents", json=incident()).json()["id"]
    long = "x" * 70_000
    for answer in (
        client.post("/incidents", json=incident(description=long)),
        client.patch(f"/incidents/{made}", json={"state": "verified", "note": long}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.patch(f"/incidents/{made}", json={"state": "verified", "note": "x" * 4000}).status_code == 200


def test_observations_too_large_for_one_request_are_a_413(
    client: httpx.Client, stations: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_BYTES", 100_000)
    one = {"result": 1, "Datastream": {"@iot.id": stations["G1"]}}
    assert client.post(DOOR, json=[one] * 1600).status_code == 201
    answer = client.post(DOOR, json=[one] * 3000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_more_observations_than_may_wait_are_a_503_that_says_when_to_come_back(
    settings: Settings, stations: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_WAITING_BYTES", 1000)
    one = {"result": 1, "Datastream": {"@iot.id": stations["G1"]}}
    with TestClient(create_app(settings)) as client:
        for _ in range(2):  # what was refused gave its share back
            answer = client.post(DOOR, json=[one] * 100)
            assert (answer.status_code, answer.json()["code"]) == (503, "busy")
            assert int(answer.headers["retry-after"]) > 0
        for _ in range(30):
            assert client.post(DOOR, json=one).status_code == 201


def test_one_follower_too_many_is_sent_away(serve: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "MOST_CLIENTS", 2)
    base = serve()

    async def refused() -> int:
        async with websockets.connect(f"{base.replace('http', 'ws')}/live") as line:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await line.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code

    with listening(base), listening(base):
        answer = httpx.get(f"{base}/live")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert "retry-after" in answer.headers
        assert asyncio.run(refused()) == 1013
        assert "cim_live_clients 2" in httpx.get(f"{base}/metrics").text


def test_who_missed_too_much_is_told_to_read_anew(
    serve: Callable[[], str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MOST_MISSED", 3)
    base = serve()
    for number in range(4):
        httpx.post(f"{base}/incidents", json=incident(title=str(number))).raise_for_status()
    with database.begin() as connection:
        newest = bus.newest(connection)
    with listening(base, last_id=str(newest - 3)) as stream:
        assert [stream.next().kind for _ in range(3)] == ["incident"] * 3
    with listening(base, last_id=str(newest - 4)) as stream:
        reset = stream.next()
        assert (reset.kind, reset.id) == ("reset", str(newest))
        made = httpx.post(f"{base}/incidents", json=incident()).json()["id"]
        assert stream.next().data["id"] == made


@pytest.mark.parametrize(
    "path",
    [
        f"/incidents/{BEYOND}",
        "/incidents/-1",
        f"/incidents?before={BEYOND}",
        "/incidents?before=-1",
        f"/ogc/collections/roads/items?after={BEYOND}",
        f"/ogc/collections/roads/items/{BEYOND}",
        f"/sta/v1.1/Things({BEYOND})",
        f"/sta/v1.1/Things({'9' * 5000})",
        f"/sta/v1.1/Things({BEYOND})/Datastreams",
        f"/sta/v1.1/Datastreams({BEYOND})",
        f"/sta/v1.1/Datastreams({BEYOND})/Observations",
        f"/sta/v1.1/Observations('{BEYOND}@2026-01-01T00:00:00Z')",
        f"/sta/v1.1/Things?$skiptoken={BEYOND}",
        "/places?q=%00",
    ],
    ids=lambda path: path[:50],
)
def test_numbers_and_texts_that_no_row_can_hold_are_a_400(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input"), answer.text


def test_the_largest_number_is_only_unknown(client: httpx.Client) -> None:
    for path in ("/incidents/{}", "/ogc/collections/roads/items/{}", "/sta/v1.1/Things({})"):
        assert client.get(path.format(BEYOND - 1)).status_code == 404
    assert client.get(f"/incidents?before={BEYOND - 1}").status_code == 200


@pytest.mark.parametrize("name", ["kind", "title", "description", "reported_by"])
def test_a_text_with_a_nul_is_refused_by_name(client: httpx.Client, name: str) -> None:
    answer = client.post("/incidents", json=incident(**{name: "fire\0"}))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert name in answer.json()["detail"]
    assert "NUL" in answer.json()["detail"]


def test_a_step_with_a_nul_is_refused_by_name(client: httpx.Client) -> None:
    made = client.post("/incidents", json=incident()).json()["id"]
    for name in ("note", "by"):
        answer = client.patch(f"/incidents/{made}", json={"state": "verified", name: "\0"})
        assert (answer.status_code, name in answer.json()["detail"]) == (400, True)
    assert client.get(f"/incidents/{made}").json()["properties"]["state"] == "reported"


def test_a_city_without_an_old_town_is_shown_at_its_centre(settings: Settings) -> None:
    lines = settings.city_file.read_text(encoding="utf-8").split("\n[")
    plain = settings.data.parent / "plain.toml"
    plain.write_text("\n[".join(part for part in lines if not part.startswith("old_town]")), encoding="utf-8")
    with TestClient(create_app(replace(settings, city_file=plain))) as client:
        told = client.get("/health").json()["city"]
    assert told["old_town"] == told["centre"]
    assert told["time_zone"] == "Asia/Shanghai"


def test_the_document_says_that_nobody_is_asked_who_they_are(client: httpx.Client) -> None:
    text = client.get("/openapi.json").json()["info"]["description"]
    assert "没有身份验证" in text
    assert "There is no authentication" in text
    assert text.count("127.0.0.1") == 2


def test_a_websocket_hears_where_it_stands_while_nothing_happens(
    serve: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.HEARTBEAT_S", 0.1)
    base = serve()

    async def run() -> None:
        async with websockets.connect(f"{base.replace('http', 'ws')}/live?layers=tiles") as line:
            first = json.loads(await asyncio.wait_for(line.recv(), 10))
            assert first == {"event": "heartbeat", "id": 0, "data": None}
            await asyncio.to_thread(httpx.post, f"{base}/incidents", json=incident())
            beat = first
            deadline = datetime.now(UTC).timestamp() + 10
            while beat["id"] == 0 and datetime.now(UTC).timestamp() < deadline:
                beat = json.loads(await asyncio.wait_for(line.recv(), 10))
            assert beat == {"event": "heartbeat", "id": 1, "data": None}

    asyncio.run(run())


def test_every_door_that_is_no_file_refuses_a_query_parameter_that_it_does_not_have(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    files = {path for path in paths if path.startswith(("/tiles3d/c/", "/terrain/"))}
    doors = {path for path, methods in paths.items() if "get" in methods} - files
    assert len(doors) > 40
    taken = {}
    for door in sorted(doors):
        place = re.sub(r"\{\w+\}", "1", door.replace("{layers}", "roads").replace("{tileset}", "city"))
        answer = client.get(place, params={"limt": "5"})
        if answer.status_code != 400 or "limt" not in answer.json()["detail"]:
            taken[door] = answer.status_code
    assert taken == {}
