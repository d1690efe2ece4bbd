"""The geoid: a .gtx grid read as it is laid out, its seam closed, and Datong's undulation where the grid is at hand."""

import contextlib
import struct
from pathlib import Path

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.errors import BadSource
from cim.geoid import Geoid, decode_gtx

PLACES = [Path("/usr/share/proj"), *[Path(p) for p in pyproj.datadir.get_data_dir().split(":")]]


def gtx(values: np.ndarray, south: float, west: float, step: float) -> bytes:
    """A .gtx file of values (rows, cols), row 0 in the south."""
    return struct.pack(">4d2i", south, west, step, step, *values.shape) + values.astype(">f4").tobytes()


def world() -> bytes:
    lat, lon = np.mgrid[-90:91:30, -180:180:30].astype(float)
    return gtx(lat / 10 + np.cos(np.radians(lon)) * 20, -90.0, -180.0, 30.0)


def test_rows_of_a_gtx_run_from_the_south() -> None:
    field = decode_gtx(gtx(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), 10.0, 100.0, 0.5))
    assert field.values.tolist() == [[5.0, 6.0], [3.0, 4.0], [1.0, 2.0]]
    assert (field.west, field.north, field.east, field.south) == (100.0, 11.0, 100.5, 10.0)


def test_undulation_is_bilinear_between_nodes() -> None:
    geoid = Geoid.from_gtx(gtx(np.array([[10.0, 20.0], [30.0, 60.0]]), 40.0, 113.0, 1.0))
    by_hand = (10 * 0.75 + 20 * 0.25) * 0.5 + (30 * 0.75 + 60 * 0.25) * 0.5
    assert geoid.undulation(np.array([[113.25, 40.5]])).tolist() == [by_hand]


def test_a_grid_round_the_earth_is_closed_at_its_seam() -> None:
    geoid = Geoid.from_gtx(world())
    near = geoid.undulation(np.array([[179.999, 12.0], [-180.0, 12.0], [180.0, 12.0], [165.0, 12.0]]))
    assert near[1] == near[2]
    assert abs(near[0] - near[1]) < 0.01
    assert near[3] == pytest.approx(1.2 + 20 * (np.cos(np.radians(150)) + np.cos(np.radians(180))) / 2)


def test_beyond_a_regional_grid_its_edge_goes_on() -> None:
    geoid = Geoid.from_gtx(gtx(np.array([[10.0, 20.0], [30.0, 60.0]]), 40.0, 113.0, 1.0))
    assert geoid.undulation(np.array([[113.0, -90.0], [120.0, 80.0]])).tolist() == [10.0, 60.0]


def test_a_lattice_gives_the_same_bits_as_its_points() -> None:
    geoid = Geoid.from_gtx(world())
    lons, lats = np.linspace(-180, 180, 57), np.linspace(-90, 90, 31)
    lon, lat = np.meshgrid(lons, lats)
    points = geoid.undulation(np.column_stack([lon.ravel(), lat.ravel()])).reshape(lon.shape)
    assert (geoid.undulation_lattice(lons, lats) == points).all()


def test_a_constant_says_that_it_is_one() -> None:
    geoid = Geoid.constant(-15.44)
    assert geoid.undulation(np.zeros((3, 2))).tolist() == [-15.44] * 3
    assert "offset" in geoid.approximate


@pytest.mark.parametrize("cut", [0, 39, 41, -1])
def test_a_truncated_grid_is_refused_by_name(cut: int) -> None:
    with pytest.raises(BadSource, match="mine.gtx"):
        decode_gtx(world()[:cut], "mine.gtx")


def test_a_grid_with_voids_is_no_geoid() -> None:
    with pytest.raises(BadSource, match="voids"):
        Geoid.from_gtx(gtx(np.array([[1.0, -88.8888], [1.0, 1.0]]), 0.0, 0.0, 1.0))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_grid_or_a_named_refusal(data: bytes) -> None:
    with contextlib.suppress(BadSource):
        decode_gtx(data)


def test_egm96_at_the_old_town_turns_1040_into_1024_56() -> None:
    file = next((place / "egm96_15.gtx" for place in PLACES if (place / "egm96_15.gtx").is_file()), None)
    if file is None:
        pytest.skip("egm96_15.gtx (Debian's proj-data) is not installed here")
    geoid = Geoid.from_gtx(file.read_bytes())
    undulation = geoid.undulation(np.array([[113.288, 40.091], [112.5785, 40.7399], [114.5689, 39.0483]]))
    assert 1040.0 + undulation[0] == pytest.approx(1024.56, abs=0.01)
    assert undulation.min() > -18.3
    assert undulation.max() < -12.3
