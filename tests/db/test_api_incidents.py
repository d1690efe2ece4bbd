"""Incidents over HTTP: reported, moved step by step, refused where a step does not exist."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.db


def feature(lon: float = 113.29, lat: float = 40.09, **properties: Any) -> dict[str, Any]:
    told = {"kind": "fire", "title": "鼓楼东街冒烟", "severity": 3, "is_synthetic": True} | properties
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": geometry, "properties": {k: v for k, v in told.items() if v is not ...}}


def report(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/incidents", json=feature(**changes))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith(f"/incidents/{answer.json()['id']}")
    return answer.json()  # type: ignore[no-any-return]


def move(client: httpx.Client, id: int, state: str, **more: Any) -> httpx.Response:
    return client.patch(f"/incidents/{id}", json={"state": state, **more})


def test_an_incident_goes_its_way_and_its_log_tells(client: httpx.Client) -> None:
    made = report(client, reported_by="110")
    assert made["properties"]["state"] == "reported"
    assert made["geometry"] == {"type": "Point", "coordinates": [113.29, 40.09]}
    for state in ("verified", "dispatched", "closed"):
        answer = move(client, made["id"], state, note=f"note {state}", by="值班员")
        assert (answer.status_code, answer.json()["properties"]["state"]) == (200, state)
    found = client.get(f"/incidents/{made['id']}").json()["properties"]
    assert [(e["from_state"], e["to_state"]) for e in found["log"]] == [
        (None, "reported"),
        ("reported", "verified"),
        ("verified", "dispatched"),
        ("dispatched", "closed"),
    ]
    assert found["log"][1]["note"] == "note verified"
    assert found["updated_at"] > found["reported_at"]
    assert found["next"] == []


def test_a_step_that_does_not_exist_is_a_conflict_that_names_those_that_do(client: httpx.Client) -> None:
    made = report(client)
    answer = move(client, made["id"], "closed")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "verified or rejected" in answer.json()["detail"]
    assert client.get(f"/incidents/{made['id']}").json()["properties"]["state"] == "reported"


def test_a_repeated_step_changes_nothing(client: httpx.Client) -> None:
    made = report(client)
    first = move(client, made["id"], "verified").json()
    again = move(client, made["id"], "verified")
    assert (again.status_code, again.json()) == (200, first)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kind": "fires"}, "fire, gas_leak"),
        ({"severity": 5}, "severity"),
        ({"severity": "high"}, "severity"),
        ({"title": ""}, "title"),
        ({"title": ...}, "title"),
        ({"colour": "red"}, "colour"),
        ({"lon": 40.09, "lat": 113.29}, "outside the city"),
        ({"lon": 116.4, "lat": 39.9}, "outside the city"),
    ],
)
def test_a_report_that_is_wrong_is_refused_by_name(client: httpx.Client, changes: dict[str, Any], named: str) -> None:
    answer = client.post("/incidents", json=feature(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert named in answer.json()["detail"]
    assert client.get("/incidents").json()["features"] == []


def test_unknown_incidents_and_states(client: httpx.Client) -> None:
    made = report(client)
    assert client.get("/incidents/999999").status_code == 404
    assert move(client, 999999, "verified").status_code == 404
    assert move(client, made["id"], "exploded").status_code == 400
    assert client.get("/incidents?state=exploded").status_code == 400


def test_the_list_is_filtered_and_paged(client: httpx.Client) -> None:
    ids = [report(client, lon=113.2 + n / 100)["id"] for n in range(5)]
    move(client, ids[0], "rejected").raise_for_status()

    def listed(query: str) -> list[int]:
        return [f["id"] for f in client.get(f"/incidents{query}").json()["features"]]

    assert listed("") == ids[::-1]
    assert listed("?state=rejected") == [ids[0]]
    assert listed("?state=reported,rejected&limit=10") == ids[::-1]
    assert listed("?bbox=113.205,40,113.225,41") == [ids[2], ids[1]]
    first = client.get("/incidents?limit=3&state=reported").json()
    assert [f["id"] for f in first["features"]] == ids[:1:-1]
    second = client.get(first["links"][0]["href"]).json()
    assert [f["id"] for f in second["features"]] == [ids[1]]
    assert "links" not in second
