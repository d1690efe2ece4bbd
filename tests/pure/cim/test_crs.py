"""Coordinates against published and independent answers: PROJ, the GCJ-02 vectors, there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from cim import crs
from cim.errors import BadInput, MissingCrs

LONLAT = st.tuples(st.floats(112.6, 114.5), st.floats(39.1, 40.7))


@pytest.mark.parametrize(
    ("source", "target", "point", "expected"),
    [
        ("EPSG:4490", "EPSG:4547", (113.295, 40.090), (439876.181, 4439760.443)),
        ("EPSG:4490", "EPSG:4526", (113.295, 40.090), (38439876.181, 4439760.443)),
        ("EPSG:4490", "EPSG:32649", (113.295, 40.090), (695652.110, 4440270.599)),
        ("EPSG:4490", "EPSG:4547", (114.0, 40.0), (500000.000, 4429529.030)),
    ],
)
def test_projections_agree_with_the_vectors_to_the_millimetre(source, target, point, expected):
    moved = crs.transform(np.array([point]), source, target)
    assert np.abs(moved - expected).max() < 0.001


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("GCJ-02", "BD-09", (128.54944656269413, 37.07113427883019)),
        ("BD-09", "GCJ-02", (128.5365893261212, 37.058754503281534)),
        ("EPSG:4326", "GCJ-02", (128.54820547949757, 37.065651049489816)),
        ("GCJ-02", "EPSG:4326", (128.53779452050244, 37.06434895051018)),
        ("BD-09", "EPSG:4326", (128.53136876750008, 37.0580926428705)),
        ("EPSG:4326", "BD-09", (128.55468192918485, 37.07168344938498)),
    ],
)
def test_national_offsets_agree_with_the_public_vectors(source, target, expected):
    # The public inverse is one step of the fixed point; ours runs it to the end: they differ by some 1.3 m.
    moved = crs.transform(np.array([(128.543, 37.065)]), source, target)
    exact = source == "EPSG:4326" or target == "BD-09"
    assert np.abs(moved - expected).max() < (1e-9 if exact else 2e-5)


def test_gcj02_shift_at_the_old_town_is_597_m_east_and_132_m_north():
    shifted = crs.transform(np.array([(113.295, 40.090)]), "EPSG:4326", "GCJ-02")
    back = crs.transform(np.vstack([shifted, [(113.295, 40.090)]]), "EPSG:4326", "EPSG:4547")
    lon_m = np.cos(np.radians(40.09)) * 6378137 * np.radians(shifted[0, 0] - 113.295)
    assert lon_m == pytest.approx(596.8, abs=1.5)
    assert np.hypot(*(back[0] - back[1])) == pytest.approx(np.hypot(596.8, 132.3), abs=2.0)


@given(LONLAT, st.sampled_from(["GCJ-02", "BD-09", "EPSG:4547", "EPSG:3857"]))
def test_there_and_back_is_where_it_was(point, frame):
    there = crs.transform(np.array([point]), "EPSG:4326", frame)
    back = crs.transform(there, frame, "EPSG:4326")
    assert np.abs(back - point).max() < 2e-10


@given(LONLAT, st.floats(-500, 3000))
def test_earth_centred_coordinates_agree_with_proj(point, height):
    ours = crs.to_ecef(np.array([[*point, height]]))[0]
    theirs = Transformer.from_crs(4979, 4978, always_xy=True).transform(*point, height)
    assert np.abs(ours - theirs).max() < 1e-6


def test_axes_of_a_place_are_a_right_handed_frame():
    east, north, up = crs.enu_axes(113.3, 40.1)
    assert np.allclose(np.cross(east, north), up)
    raised = crs.to_ecef(np.array([[113.3, 40.1, 0.0], [113.3, 40.1, 10.0]]))
    assert np.allclose((raised[1] - raised[0]) / 10.0, up)


@pytest.mark.parametrize("old", ["EPSG:2383", "EPSG:4610", "EPSG:4214", "EPSG:2434"])
def test_old_datums_are_refused_with_the_reason(old):
    with pytest.raises(BadInput, match="ballpark"):
        crs.parse(old)


def test_a_missing_or_unknown_crs_is_refused():
    with pytest.raises(MissingCrs, match="EPSG:4547"):
        crs.parse("  ")
    with pytest.raises(BadInput, match="nowhere"):
        crs.parse("nowhere 2000")


def test_heights_and_inputs_are_left_alone():
    points = np.array([[113.3, 40.1, 1040.0]])
    moved = crs.transform(points, "EPSG:4326", "EPSG:4547")
    assert moved[0, 2] == 1040.0
    assert points.tolist() == [[113.3, 40.1, 1040.0]]
    assert crs.transform(np.empty((0, 2)), "EPSG:4326", "EPSG:4547").shape == (0, 2)
