"""Simulated readings: the same for the same seed, plausible, and crossing the thresholds that a rehearsal is about."""

from pathlib import Path

import numpy as np
import pytest

from cim.errors import BadSource
from loaders.simulation.service_client import read_tracks
from loaders.simulation.simulated_signals import Stream, Track, leak, leaking, signal

LENGTH = 3600.0
SECONDS = np.arange(0.0, LENGTH, 10.0)


def stream(kind: str, unit: str = "", thresholds: tuple[float, ...] = (), id: int = 1) -> Stream:
    return Stream(id, kind, f"c{id}", f"n{id}", unit, 60.0, thresholds, (113.0, 40.0))


def play(one: Stream, seed: int = 1, leaks: bool = False, hour: float = 12.0) -> list[float]:
    made = signal(one, seed, LENGTH, leaks)
    assert made is not None
    return [made(float(second), hour) for second in SECONDS]


def test_a_calm_gas_station_stays_near_zero_and_a_leaking_one_passes_both_alarms() -> None:
    gas = stream("gas", "%LEL", (25.0, 50.0))
    calm, leaky = play(gas), play(gas, leaks=True)
    assert 0.0 <= min(calm) <= max(calm) < 5.0
    assert leaky[0] < 5.0
    assert 50.0 < max(leaky) <= 100.0
    assert leaky[-1] < 5.0


def test_the_reservoir_passes_its_first_two_thresholds_but_not_the_third() -> None:
    levels = play(stream("water_level", "m", (956.00, 956.31, 957.57)))
    assert levels[0] < 956.00
    assert 956.31 <= max(levels) < 957.57
    assert max(abs(b - a) for a, b in zip(levels, levels[1:], strict=False)) < 0.05


def test_a_river_without_thresholds_still_has_a_level() -> None:
    assert 0.9 < min(play(stream("water_level", "m"))) < max(play(stream("water_level", "m"))) < 1.8


def test_traffic_is_slow_and_dense_at_eight_and_free_at_three() -> None:
    def mean(unit: str, hour: float) -> float:
        return float(np.mean(play(stream("traffic", unit), hour=hour)))

    assert mean("km/h", 8.0) < 35.0 < 50.0 < mean("km/h", 3.0)
    assert mean("veh/h", 8.0) > 3 * mean("veh/h", 3.0)


def test_air_stays_in_a_plausible_range() -> None:
    values = play(stream("air", "µg/m3"))
    assert 3.0 <= min(values) < max(values) < 120.0


def test_same_seed_same_readings_other_seed_others() -> None:
    gas = stream("gas")
    assert play(gas, seed=3) == play(gas, seed=3)
    assert play(gas, seed=3) != play(gas, seed=4)
    assert play(stream("gas", id=1)) != play(stream("gas", id=2))


def test_a_kind_that_nobody_knows_is_not_played() -> None:
    assert signal(stream("seismograph"), 1, LENGTH) is None


def test_one_station_leaks_and_one_with_thresholds_if_any_has() -> None:
    streams = [stream("gas", id=1), stream("gas", thresholds=(25.0,), id=2), stream("air", id=3)]
    assert leaking(streams, 7) == streams[1]
    assert leaking(streams[2:], 7) is None


def test_the_leak_is_closed_before_and_after() -> None:
    assert leak(-5.0) == leak(0.0) == leak(0.99) == 0.0
    assert max(leak(s) for s in np.linspace(0, 1, 101)) == 1.0


def test_a_vehicle_passes_its_fixes_and_never_jumps() -> None:
    track = Track(
        *(np.array(v) for v in ([0.0, 10.0, 30.0], [113.0, 113.1, 113.1], [40.0, 40.0, 40.2], [30.0, 36.0, 0.0]))
    )
    assert track.at(10.0) == (113.1, 40.0, 36.0)
    path = np.array([track.at(float(t))[:2] for t in np.arange(0, 200, 0.5)])
    assert np.abs(np.diff(path, axis=0)).max() < 0.011


def test_fixes_are_read_by_vehicle_in_the_order_of_time(tmp_path: Path) -> None:
    file = tmp_path / "fixes.csv"
    file.write_text(
        "vehicle_id,time,lon,lat,speed_kmh,heading_deg\n"
        "b,2026-03-02T08:00:10+08:00,113.2,40.1,30,0\n"
        "a,2026-03-02T08:00:00+08:00,113.0,40.0,20,0\n"
        "b,2026-03-02T08:00:00+08:00,113.1,40.0,20,0\n"
    )
    tracks = read_tracks(file)
    assert tracks["b"].seconds.tolist() == [0.0, 10.0]
    assert tracks["b"].lon.tolist() == [113.1, 113.2]
    assert tracks["a"].at(99.0) == (113.0, 40.0, 20.0)


@pytest.mark.parametrize("line", ["a,yesterday,1,2,3", "a,2026-03-02T08:00:00Z,east,2,3", "a"])
def test_a_fix_that_cannot_be_read_is_named_by_row(tmp_path: Path, line: str) -> None:
    file = tmp_path / "fixes.csv"
    file.write_text(f"vehicle_id,time,lon,lat,speed_kmh\na,2026-03-02T08:00:00Z,1,2,3\n{line}\n")
    with pytest.raises(BadSource, match="row 2"):
        read_tracks(file)
