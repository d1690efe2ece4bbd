"""SensorThings over HTTP and a real PostGIS: what is posted is stored once, read in order, and moves last values."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.db
START = datetime(2026, 1, 1, tzinfo=UTC)
DOOR = "/sta/v1.1/Observations"


def observation(stream: int, minute: float, result: float, lonlat: tuple[float, float] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "phenomenonTime": (START + timedelta(minutes=minute)).isoformat(),
        "result": result,
        "Datastream": {"@iot.id": stream},
    }
    if lonlat is not None:
        body["FeatureOfInterest"] = {"feature": {"type": "Point", "coordinates": list(lonlat)}}
    return body


def latest(client: httpx.Client, code: str) -> dict[str, Any]:
    features = client.get("/sensors/latest").json()["features"]
    return next(f for f in features if f["properties"]["code"] == code)  # type: ignore[no-any-return]


def crawl(client: httpx.Client, path: str) -> Iterator[list[dict[str, Any]]]:
    link: str | None = path
    while link is not None:
        page = client.get(link).json()
        yield page["value"]
        link = page.get("@iot.nextLink")


def test_things_and_datastreams_say_what_exists(client: httpx.Client, stations: dict[str, int]) -> None:
    things = client.get("/sta/v1.1/Things?$expand=Locations,Datastreams&$count=true").json()
    assert things["@iot.count"] == 4
    gas = next(t for t in things["value"] if t["properties"]["code"] == "G1")
    assert gas["properties"]["kind"] == "gas"
    assert gas["properties"]["is_synthetic"] is True
    assert gas["Locations"][0]["location"] == {"type": "Point", "coordinates": [113.29, 40.09]}
    stream = gas["Datastreams"][0]
    assert stream["unitOfMeasurement"]["symbol"] == "%LEL"
    assert [t["value"] for t in stream["properties"]["thresholds"]] == [25.0, 50.0]
    assert client.get(stream["@iot.selfLink"]).json() == stream
    assert client.get(stream["Thing@iot.navigationLink"]).json()["@iot.id"] == gas["@iot.id"]
    assert client.get(gas["Datastreams@iot.navigationLink"]).json()["value"] == [stream]
    assert client.get("/sta/v1.1/Things(999999)").status_code == 404


def test_a_posted_observation_is_there_at_its_location(client: httpx.Client, stations: dict[str, int]) -> None:
    answer = client.post(DOOR, json=observation(stations["G1"], 0, 3.5))
    assert answer.status_code == 201
    found = client.get(answer.headers["location"]).json()
    assert (found["result"], found["phenomenonTime"]) == (3.5, "2026-01-01T00:00:00Z")
    stream = client.get(f"/sta/v1.1/Datastreams({stations['G1']})").json()
    assert stream["phenomenonTime"] == "2026-01-01T00:00:00Z/2026-01-01T00:00:00Z"


def test_a_repeated_observation_is_one_row_and_a_corrected_one_replaces_it(
    client: httpx.Client, stations: dict[str, int]
) -> None:
    for value in (3.5, 3.5, 4.5):
        assert client.post(DOOR, json=observation(stations["G1"], 0, value)).status_code == 201
    page = client.get(f"/sta/v1.1/Datastreams({stations['G1']})/Observations?$count=true").json()
    assert (page["@iot.count"], page["value"][0]["result"]) == (1, 4.5)
    assert latest(client, "G1")["properties"]["readings"][0]["value"] == 4.5


def test_of_two_in_one_array_at_one_time_the_later_counts(client: httpx.Client, stations: dict[str, int]) -> None:
    both = [observation(stations["G1"], 0, 1.0), observation(stations["G1"], 0, 2.0)]
    assert client.post(DOOR, json=both).json() == {"@iot.count": 2}
    assert client.get(f"/sta/v1.1/Datastreams({stations['G1']})/Observations").json()["value"][0]["result"] == 2.0


def test_the_last_value_only_moves_forward_in_time(client: httpx.Client, stations: dict[str, int]) -> None:
    client.post(DOOR, json=observation(stations["G1"], 10, 60.0)).raise_for_status()
    client.post(DOOR, json=observation(stations["G1"], 5, 1.0)).raise_for_status()
    last = latest(client, "G1")["properties"]["readings"][0]
    assert (last["value"], last["time"]) == (60.0, "2026-01-01T00:10:00Z")
    assert len(client.get(f"/sta/v1.1/Datastreams({stations['G1']})/Observations").json()["value"]) == 2


def test_a_vehicle_is_where_its_newest_fix_puts_it(client: httpx.Client, stations: dict[str, int]) -> None:
    client.post(DOOR, json=observation(stations["V1"], 2, 30.0, (113.31, 40.10))).raise_for_status()
    client.post(DOOR, json=observation(stations["V1"], 1, 30.0, (113.20, 40.00))).raise_for_status()
    assert latest(client, "V1")["geometry"]["coordinates"] == [113.31, 40.10]
    east = client.get("/sensors/latest?bbox=113.305,40.05,113.32,40.15").json()["features"]
    assert [f["properties"]["code"] for f in east] == ["V1"]
    path = client.get(f"/sta/v1.1/Datastreams({stations['V1']})/Observations").json()["value"]
    assert path[0]["FeatureOfInterest"]["feature"]["coordinates"] == [113.20, 40.00]


def test_states_follow_the_thresholds_and_the_clock(client: httpx.Client, stations: dict[str, int]) -> None:
    now = datetime.now(UTC)
    body = observation(stations["W1"], 0, 956.31) | {"phenomenonTime": now.isoformat()}
    client.post(DOOR, json=body).raise_for_status()
    client.post(DOOR, json=observation(stations["G1"], 0, 80.0)).raise_for_status()
    assert latest(client, "W1")["properties"]["readings"][0]["state"] == "emergency_spillway"
    assert latest(client, "G1")["properties"]["readings"][0]["state"] == "stale"
    assert latest(client, "T1")["properties"]["readings"][0]["state"] == "unknown"


def test_pages_hold_every_observation_once_in_order(client: httpx.Client, stations: dict[str, int]) -> None:
    sent = [observation(stations["G1"], m, m) for m in range(25)] + [
        observation(stations["T1"], m, -m) for m in range(25)
    ]
    client.post(DOOR, json=sent).raise_for_status()
    path = f"/sta/v1.1/Datastreams({stations['G1']})/Observations?$top=10&$orderby=phenomenonTime desc"
    pages = list(crawl(client, path))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [o["result"] for page in pages for o in page] == [float(m) for m in reversed(range(25))]
    every = [o for page in crawl(client, f"{DOOR}?$top=7") for o in page]
    assert len({o["@iot.id"] for o in every}) == 50
    times = [o["phenomenonTime"] for o in every]
    assert times == sorted(times)
    skipped = client.get(f"/sta/v1.1/Datastreams({stations['G1']})/Observations?$top=2&$skip=3").json()["value"]
    assert [o["result"] for o in skipped] == [3.0, 4.0]


def test_observations_come_with_their_datastream_where_asked(client: httpx.Client, stations: dict[str, int]) -> None:
    client.post(DOOR, json=[observation(stations["G1"], m, m) for m in range(3)]).raise_for_status()
    path = "/sta/v1.1/Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc)&$top=2"
    first, second = client.get(path).json()["value"]
    found = {s["@iot.id"]: [o["result"] for o in s["Observations"]] for s in (first, second)}
    assert found.get(stations["G1"], [2.0]) == [2.0]
    assert len(list(crawl(client, path))) == 2


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"not json", 400, "JSON"),
        (b'{"result": 1}', 400, "Datastream"),
        (b'{"result": 1, "Datastream": {"@iot.id": 987654}}', 404, "987654"),
        (
            b'{"result": 1, "Datastream": {"@iot.id": 1}, "FeatureOfInterest": '
            b'{"feature": {"type": "Point", "coordinates": [40.09, 13.29]}}}',
            400,
            "outside the city",
        ),
    ],
)
def test_what_cannot_be_stored_is_refused_in_a_sentence(
    client: httpx.Client, stations: dict[str, int], body: bytes, status: int, named: str
) -> None:
    answer = client.post(DOOR, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.json()["detail"]


def test_an_array_with_one_unknown_datastream_leaves_nothing_behind(
    client: httpx.Client, stations: dict[str, int]
) -> None:
    both = [observation(stations["G1"], 0, 1.0), observation(987654, 0, 1.0)]
    assert client.post(DOOR, json=both).status_code == 404
    assert client.get(DOOR).json()["value"] == []


def test_many_at_once_share_commits_and_the_wrong_ones_fail_alone(
    client: httpx.Client, stations: dict[str, int]
) -> None:
    def send(n: int) -> int:
        stream = 987654 if n % 10 == 0 else stations["G1"]
        return client.post(DOOR, json=observation(stream, n, n)).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(send, range(200)))
    assert [s for n, s in enumerate(statuses) if n % 10 == 0] == [404] * 20
    assert [s for n, s in enumerate(statuses) if n % 10] == [201] * 180
    page = client.get(f"/sta/v1.1/Datastreams({stations['G1']})/Observations?$count=true").json()
    assert page["@iot.count"] == 180
    assert latest(client, "G1")["properties"]["readings"][0]["value"] == 199.0
    assert "cim_observations_total 180" in client.get("/metrics").text


def test_unknown_options_are_refused(client: httpx.Client, stations: dict[str, int]) -> None:
    for path in (
        "Things?$filter=id eq 1",
        "Datastreams?top=5",
        f"Datastreams({stations['G1']})/Observations?$orderby=result",
    ):
        answer = client.get(f"/sta/v1.1/{path}")
        assert answer.status_code == 400
        assert "served" in answer.json()["detail"]
