"""A rehearsal against a real service: it fills the live layers, tells its incident to the end, and can be repeated."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from cim.errors import BadInput, Unavailable
from cim.types import silent
from loaders.simulation.service_client import ServiceClient
from loaders.simulation.simulate import backfill, prepare, simulate

pytestmark = pytest.mark.db
NOW = 1_770_000_000.0


@pytest.fixture
def fixes(tmp_path: Path) -> Path:
    file = tmp_path / "vehicles.csv"
    file.write_text(
        "vehicle_id,time,lon,lat,speed_kmh,heading_deg\n"
        "V1,2026-03-02T08:00:00+08:00,113.28,40.09,30,90\n"
        "V1,2026-03-02T08:10:00+08:00,113.30,40.09,40,90\n"
    )
    return file


def readings(client: httpx.Client) -> dict[str, dict[str, object]]:
    features = client.get("/sensors/latest").json()["features"]
    return {f["properties"]["code"]: {**f["properties"]["readings"][0], "at": f["geometry"]} for f in features}


def test_an_hour_at_once_fills_the_layers_and_closes_the_incident(
    client: httpx.Client, stations: dict[str, int], fixes: Path
) -> None:
    told: list[tuple[int, int | None, str]] = []
    played = simulate(
        str(client.base_url), seed=1, speed=0, fixes=fixes, clock=lambda: NOW, progress=lambda *now: told.append(now)
    )
    assert played.observations == told[-1][0] == told[0][1] == 60 + 12 + 60 + 360
    now = readings(client)
    assert set(now) == {"G1", "W1", "T1", "V1"}
    assert all(str(r["time"]) <= "2026-02-02T02:40:00Z" for r in now.values())
    incident = client.get(f"/incidents/{played.incident}").json()
    assert (incident["properties"]["kind"], incident["properties"]["is_synthetic"]) == ("gas_leak", True)
    assert [e["to_state"] for e in incident["properties"]["log"]] == ["reported", "verified", "dispatched", "closed"]
    assert incident["geometry"]["coordinates"] == [113.29, 40.09]
    levels = client.get(f"/sta/v1.1/Datastreams({stations['G1']})/Observations?$top=1000").json()["value"]
    assert max(o["result"] for o in levels) >= 50.0
    fixes_sent = client.get(f"/sta/v1.1/Datastreams({stations['V1']})/Observations?$top=1000").json()["value"]
    lons = [o["FeatureOfInterest"]["feature"]["coordinates"][0] for o in fixes_sent]
    assert 113.28 <= min(lons) < 113.281
    assert 113.299 < max(lons) <= 113.30


def test_paced_readings_are_stamped_with_the_moment_they_are_sent(
    client: httpx.Client, stations: dict[str, int], fixes: Path
) -> None:
    wall = [NOW]

    def sleep(seconds: float) -> None:
        wall[0] += seconds

    played = simulate(
        str(client.base_url),
        speed=60,
        duration_s=3600,
        fixes=fixes,
        clock=lambda: wall[0],
        sleep=sleep,
        progress=silent,
    )
    assert played.observations == 60 + 12 + 60 + 360
    assert wall[0] - NOW == pytest.approx(60, abs=1.0)
    times = [o["phenomenonTime"] for o in client.get("/sta/v1.1/Observations?$top=1000").json()["value"]]
    assert min(times) >= "2026-02-02T02:40:00"
    assert max(times) <= "2026-02-02T02:41:00.5"
    assert client.get(f"/incidents/{played.incident}").json()["properties"]["state"] == "closed"


def test_ctrl_c_ends_it_with_what_was_sent(client: httpx.Client, stations: dict[str, int]) -> None:
    calls = 0

    def sleep(seconds: float) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise KeyboardInterrupt

    played = simulate(str(client.base_url), speed=1, clock=lambda: NOW + 20 * calls, sleep=sleep)
    assert played.interrupted
    assert played.observations == len(client.get("/sta/v1.1/Observations").json()["value"]) > 0


def test_history_can_be_sent_again_without_a_trace(client: httpx.Client, stations: dict[str, int]) -> None:
    rehearsal = prepare(ServiceClient(client), 1, 3600.0, None)
    day = 24 * 3600.0
    assert backfill(rehearsal, day, NOW) == 1440 + 288 + 1440
    first = client.get(f"/sta/v1.1/Datastreams({stations['T1']})/Observations?$top=2000&$count=true").json()
    assert first["@iot.count"] == 1440
    assert first["value"][-1]["phenomenonTime"] <= "2026-02-02T02:40:00Z"
    backfill(rehearsal, day, NOW)
    assert client.get(f"/sta/v1.1/Datastreams({stations['T1']})/Observations?$top=2000&$count=true").json() == first


def test_nobody_there_is_one_clear_sentence() -> None:
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9 does not answer .*make up"):
        simulate("http://127.0.0.1:9", speed=0)


def test_a_service_without_stations_is_said(serve: Callable[[], str]) -> None:
    with pytest.raises(BadInput, match="no station"):
        simulate(serve(), speed=0)


def test_a_time_that_runs_backwards_is_refused() -> None:
    with pytest.raises(BadInput, match="speed"):
        simulate("http://127.0.0.1:9", speed=-1)
