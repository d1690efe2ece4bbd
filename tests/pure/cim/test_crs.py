"""Coordinates against published and independent answers: PROJ, the GCJ-02 vectors, there and back."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

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
    ],  # XY-04: PROJ 9.5.1, EPSG v11.022
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
    # XY-01: wandergis/coordTransform_py (MIT), README.md.
    exact = source == "EPSG:4326" or target == "BD-09"
    assert np.abs(moved - expected).max() < (1e-9 if exact else 2e-5)


@pytest.mark.parametrize(
    ("place", "gcj02", "east_m", "north_m"),
    [
        ((113.295, 40.090), (113.302008, 40.091193), 596.8, 132.3),
        ((113.1259, 40.1105), (113.133051, 40.111823), 608.8, 146.8),
    ],
)
def test_gcj02_shifts_the_old_town_and_yungang_as_derived(place, gcj02, east_m, north_m):
    # XY-02 and XY-03: the same formula, re-derived by others, six decimals; their metres are on a sphere or an ellipsoid.
    shifted = crs.transform(np.array([place]), "EPSG:4326", "GCJ-02")
    assert np.abs(shifted - gcj02).max() < 1e-6
    step = np.radians(shifted[0] - place) * 6378137 * np.array([np.cos(np.radians(place[1])), 1.0])
    assert np.abs(step - (east_m, north_m)).max() < 1.5


def test_bd09_at_the_old_town_is_as_derived():
    moved = crs.transform(np.array([(113.295, 40.090)]), "EPSG:4326", "BD-09")
    assert np.abs(moved - (113.308469, 40.097334)).max() < 1e-6  # XY-02


@given(LONLAT, st.sampled_from(["GCJ-02", "BD-09"]))
def test_national_offsets_come_back_to_a_tenth_of_a_millimetre(point, frame):
    there = crs.transform(np.array([point]), "EPSG:4326", frame)
    assert np.abs(crs.transform(there, frame, "EPSG:4326") - point).max() * 111_320 < 1e-4
    # and the other way: the published inverse, one step of it, is off by a metre or more
    back = crs.transform(crs.transform(np.array([point]), frame, "EPSG:4326"), "EPSG:4326", frame)
    assert np.abs(back - point).max() * 111_320 < 1e-4


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


@pytest.mark.parametrize("old", ["EPSG:2383", "EPSG:4610", "EPSG:4214", "EPSG:2437", "EPSG:4555"])
def test_old_datums_are_refused_with_what_to_state_and_known_once_it_is(old):
    with pytest.raises(BadInput, match=r"datum_shift = \[dx, dy, dz, rx, ry, rz, ds\]"):
        crs.parse(old)
    with pytest.raises(BadInput, match="ballpark"):
        crs.transform(np.zeros((1, 2)), old, "EPSG:4490")
    assert crs.parse(old, old_datum=True) == old


@pytest.mark.parametrize("strange", ["+proj=longlat +ellps=GRS80", "+proj=tmerc +lon_0=113 +x_0=500000 +ellps=krass"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_ballpark_operation_is_an_error_that_names_both(strange, turned):
    ends = ("EPSG:4547", strange) if turned else (strange, "EPSG:4547")
    with pytest.raises(BadInput, match="ballpark") as caught:
        crs.transform(np.array([[113.3, 40.1]]), *ends)
    assert "EPSG:4547" in str(caught.value)
    assert "unknown" in str(caught.value)  # what PROJ calls a CRS without a name


def test_a_datum_that_proj_knows_a_way_from_is_moved_its_way():
    # RD New at Delft, through Amersfoort to WGS 84: a ballpark operation would leave it some 100 m off.
    point = np.array([[85_000.0, 446_000.0]])
    theirs = Transformer.from_crs(28992, 4326, always_xy=True, allow_ballpark=False).transform(*point[0])
    for target in ("EPSG:4326", "EPSG:4490"):
        assert np.abs(crs.transform(point, "EPSG:28992", target) - theirs).max() < 1e-10
    back = crs.transform(np.array([theirs]), "EPSG:4490", "EPSG:28992")
    assert np.abs(back - point).max() < 0.001
    base = Transformer.from_crs(28992, 4289, always_xy=True).transform(*point[0])
    assert np.hypot(*(np.array(base) - theirs)) * 111_320 > 50.0


@pytest.mark.parametrize("same", ["EPSG:4490", "EPSG:4979", "EPSG:4480", "EPSG:9057", "EPSG:9755", "OGC:CRS84"])
def test_wgs84_its_realisations_and_cgcs2000_are_one_frame_of_degrees(same):
    point = np.array([[113.295, 40.090]])
    assert np.array_equal(crs.transform(point, same, "EPSG:4326"), point)
    assert np.abs(crs.transform(point, same, "EPSG:4547") - (439876.181, 4439760.443)).max() < 0.001


@pytest.mark.parametrize(
    ("stated", "horizontal", "vertical"),
    [
        ("EPSG:4547+5737", "EPSG:4547", "EPSG:5737"),
        ("EPSG:4490+5737", "EPSG:4490", "EPSG:5737"),
        ("EPSG:7415", "EPSG:28992", "EPSG:5709"),
        ("EPSG:4979", "EPSG:4326", "ellipsoidal"),
        ("EPSG:4480", "EPSG:4490", "ellipsoidal"),
        ("EPSG:4547", "EPSG:4547", None),
        ("OGC:CRS84", "EPSG:4326", None),
        ("GCJ-02", "GCJ-02", None),
    ],
)
def test_a_compound_crs_is_its_horizontal_part_and_its_vertical_one(stated, horizontal, vertical):
    assert (crs.parse(stated), crs.vertical(stated)) == (horizontal, vertical)


@pytest.mark.parametrize("nothing", ["EPSG:5737", "EPSG:4978", "EPSG:4479"])
def test_a_crs_of_heights_or_of_the_earths_centre_places_nothing_on_a_map(nothing):
    with pytest.raises(BadInput, match="places nothing"):
        crs.parse(nothing)


def test_a_city_frame_of_its_own_on_cgcs2000_is_as_good_as_a_coded_one():
    # ESRI's WKT with a central meridian of the city's own, as survey offices write it. On its meridian x is 500,000.
    stated = (
        'PROJCS["local",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",'
        '6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
        'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",113.3],'
        'PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    moved = crs.transform(np.array([[113.3, 40.0]]), "EPSG:4326", stated)
    assert np.abs(moved - (500_000.0, 4429529.030)).max() < 0.001  # XY-04: the northing of 40 N on a central meridian


@pytest.mark.parametrize("frame", ["EPSG:4490", "EPSG:4326", "EPSG:4547", "EPSG:4526", "EPSG:32649", "EPSG:3857"])
def test_x_is_east_whatever_order_epsg_gives_the_axes(frame):
    # 4490 and 4326 are latitude first by EPSG, 4547 and 4526 northing first.
    here, east = crs.transform(np.array([[113.295, 40.090], [113.296, 40.090]]), "EPSG:4326", frame)
    assert east[0] - here[0] > 10 * abs(east[1] - here[1])


def test_web_mercator_is_its_closed_formula():
    # EPSG method 1024: x = a lon, y = a ln tan(pi/4 + lat/2)
    lon, lat = np.radians([113.295, 40.090])
    expected = 6378137.0 * np.array([lon, np.log(np.tan(np.pi / 4 + lat / 2))])
    assert np.abs(crs.transform(np.array([[113.295, 40.090]]), "EPSG:4490", "EPSG:3857") - expected).max() < 1e-6


def test_setting_up_a_way_to_the_city_takes_no_time_worth_mentioning():
    crs._route.cache_clear()
    began = time.process_time()
    crs.transform(np.array([[439876.181, 4439760.443]]), "EPSG:4547", "EPSG:4326")
    assert time.process_time() - began < 0.5  # some milliseconds; PROJ's own way through EPSG:4978 takes 0.8 s


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("frame", ["GCJ-02", "BD-09"])
def test_metres_stated_as_degrees_of_a_web_map_have_no_place(frame):
    points = np.array([[439876.181, 4439760.443], [1e308, -1e308], [113.3, 40.1]])
    for ends in ((frame, "EPSG:4326"), ("EPSG:4326", frame)):
        assert np.isfinite(crs.transform(points, *ends)).tolist() == [[False] * 2, [False] * 2, [True] * 2]


@pytest.mark.parametrize("name", ["EPSG:4547", "EPSG:4547+5737", "EPSG:4528", "EPSG:32649", "EPSG:28992", "EPSG:3857"])
@pytest.mark.parametrize("version", ["WKT1_GDAL", "WKT2_2019"])
def test_a_crs_is_known_by_its_wkt_of_either_version(name, version):
    assert crs.parse(CRS.from_user_input(name).to_wkt(version)) == name.split("+")[0]


def test_a_wkt_that_wears_a_number_it_does_not_deserve_keeps_its_own_words():
    wrong = CRS.from_epsg(4547).to_wkt("WKT1_GDAL").replace('"central_meridian",114', '"central_meridian",113')
    assert not crs.parse(wrong).startswith("EPSG:4547")
