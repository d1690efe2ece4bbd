"""Datum shifts against PROJ's own pipelines, heights against the geoid, and what must not be shifted by guesswork."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from cim import crs, datum
from cim.errors import BadInput
from cim.geoid import Geoid, to_city_heights

PLACE = np.array([[113.295, 40.090]])
# Made up, of the size that survey offices' parameters have; none are published for Datong.
SHIFT = (15.8, -154.4, -82.3, 0.5, -0.3, 1.2, 2.5)


def proj_shift(ellipsoid: str, by: tuple[float, ...], lon: float, lat: float) -> tuple[float, float]:
    """EPSG method 9606 as PROJ does it: by its own cart and helmert steps."""
    names = zip(["x", "y", "z", "rx", "ry", "rz", "s"], by, strict=True)
    helmert = "+proj=helmert +convention=position_vector " + " ".join(f"+{name}={value}" for name, value in names)
    before = f"+step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps={ellipsoid}"
    after = "+step +inv +proj=cart +a=6378137 +rf=298.257222101 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    return Transformer.from_pipeline(f"+proj=pipeline {before} +step {helmert} {after}").transform(lon, lat)


@pytest.mark.parametrize(("old", "ellipsoid"), [("EPSG:4214", "krass"), ("EPSG:4610", "IAU76")])
@pytest.mark.parametrize("by", [SHIFT, (10.0, -20.0, 30.0, 1.0, -2.0, 3.0, 4.0), (24.0, -123.0, -94.0, 0, 0, 0, 0)])
def test_seven_parameters_agree_with_proj_to_a_micrometre(old: str, ellipsoid: str, by: tuple[float, ...]) -> None:
    # IAU76 is 6378140, 298.257: the ellipsoid that EPSG calls IAG 1975.
    moved = crs.transform(PLACE, old, "EPSG:4490", datum_shift=by)[0]
    assert np.abs(moved - proj_shift(ellipsoid, by, 113.295, 40.090)).max() < 1e-11


def test_the_worked_example_of_method_9606_is_reproduced() -> None:
    # IOGP Guidance Note 7-2, position vector transformation, WGS 72 to WGS 84 (EPSG:1238): dz 4.5 m, rz 0.554", ds
    # 0.219 ppm takes (3657660.66, 255768.55, 5201382.11) to (3657660.78, 255778.43, 5201387.75).
    wgs72 = datum.Ellipsoid(6378135.0, 1.0 / 298.26)
    start = datum.to_geodetic(np.array([[3657660.66, 255768.55, 5201382.11]]), wgs72)
    end = datum.to_geodetic(np.array([[3657660.78, 255778.43, 5201387.75]]), datum.WGS84)
    moved = datum.shift(start[:, :2], wgs72, datum.WGS84, datum.seven([0, 0, 4.5, 0, 0, 0.554, 0.219]))
    assert np.abs(moved - end[:, :2]).max() * 111_000 < 0.01


def test_a_projected_source_is_shifted_on_its_own_ellipsoid() -> None:
    lonlat = np.array(
        [proj_shift("krass", SHIFT, *Transformer.from_crs(2434, 4214, always_xy=True).transform(5e5, 44e5))]
    )
    expected = crs.transform(lonlat, "EPSG:4490", "EPSG:4547")
    moved = crs.transform(np.array([[5e5, 44e5]]), "EPSG:2434", "EPSG:4547", datum_shift=SHIFT)
    assert np.abs(moved - expected).max() < 1e-5


@given(st.floats(112.6, 114.6), st.floats(39.0, 40.8))
def test_a_shift_there_and_back_is_where_it_was(lon: float, lat: float) -> None:
    point = np.array([[lon, lat]])
    there = crs.transform(point, "EPSG:4326", "EPSG:2383", datum_shift=SHIFT)
    back = crs.transform(there, "EPSG:2383", "EPSG:4326", datum_shift=SHIFT)
    assert np.abs(back - point).max() * 111_320 < 1e-5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("ends", [("EPSG:2383", "EPSG:4490"), ("EPSG:4490", "EPSG:2383")])
def test_points_that_are_nowhere_stay_nowhere_and_hold_up_no_others(ends: tuple[str, str]) -> None:
    place = (439_000.0, 4_440_000.0) if ends[0] == "EPSG:2383" else (113.3, 40.1)
    moved = crs.transform(np.array([[np.inf, np.inf], [np.nan, 1.0], place]), *ends, datum_shift=SHIFT)
    assert np.isfinite(moved).tolist() == [[False] * 2, [False] * 2, [True] * 2]


@given(st.floats(-180, 180), st.floats(-89.9, 89.9), st.floats(-500, 9000))
def test_geodetic_coordinates_come_back_from_earth_centred_ones(lon: float, lat: float, height: float) -> None:
    back = datum.to_geodetic(datum.to_geocentric(np.array([[lon, lat, height]]), datum.CGCS2000), datum.CGCS2000)[0]
    assert abs((back[0] - lon + 180) % 360 - 180) < 1e-11
    assert abs(back[1] - lat) < 1e-11
    assert back[2] == pytest.approx(height, abs=1e-5)


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [0.0] * 8, [0, 0, 0, 0, 0, 0, np.nan], [np.inf, 0, 0, 0, 0, 0, 0]])
def test_parameters_must_be_seven_finite_numbers(values: list[float]) -> None:
    with pytest.raises(BadInput, match="seven numbers"):
        datum.seven(values)


@pytest.mark.parametrize("by", [(15_800, -154_400, -82_300, 0, 0, 0, 0), (0, 0, 0, 300, 0, 0, 0)])
def test_parameters_in_the_wrong_unit_are_refused_with_the_distance(by: tuple[float, ...]) -> None:
    with pytest.raises(BadInput, match=r"moves points by [0-9,]+ m"):
        crs.transform(PLACE, "EPSG:4610", "EPSG:4490", datum_shift=by)


@pytest.mark.parametrize(
    ("source", "target"),
    [("EPSG:4547", "EPSG:4490"), ("EPSG:4547", "EPSG:4547"), ("GCJ-02", "EPSG:4547"), ("EPSG:4610", "EPSG:4214")],
)
def test_a_shift_where_none_belongs_is_refused(source: str, target: str) -> None:
    with pytest.raises(BadInput, match="datum_shift"):
        crs.transform(PLACE, source, target, datum_shift=SHIFT)


GRIDS = [Path("/usr/share/proj"), *[Path(p) for p in pyproj.datadir.get_data_dir().split(":")]]


def test_ellipsoidal_heights_at_the_old_town_become_15_and_a_half_metres_more() -> None:
    file = next((place / "egm96_15.gtx" for place in GRIDS if (place / "egm96_15.gtx").is_file()), None)
    if file is None:
        pytest.skip("egm96_15.gtx (Debian's proj-data) is not installed here")
    town = np.array([[113.28824, 40.09110]])
    city = to_city_heights(np.array([1024.49]), town, "ellipsoidal", Geoid.from_gtx(file.read_bytes()))
    assert city == pytest.approx([1040.0], abs=0.1)  # N = -15.51 m there, so h = 1024.49 m is H = 1040.0 m


def test_heights_of_the_1985_datum_stay_and_unknown_ones_stay_unknown() -> None:
    z, lonlat = np.array([1040.0, np.nan, 1.0]), np.array([[113.3, 40.1], [113.3, 40.1], [np.nan, np.nan]])
    geoid = Geoid.constant(-15.5)
    assert np.array_equal(to_city_heights(z, lonlat, "1985", geoid), z, equal_nan=True)
    assert np.array_equal(to_city_heights(z, lonlat, "ellipsoidal", geoid), [1055.5, np.nan, np.nan], equal_nan=True)
    assert z[0] == 1040.0  # the input is left alone
    assert to_city_heights(np.empty(0), np.empty((0, 2)), "ellipsoidal", geoid).shape == (0,)


def test_another_word_for_heights_is_refused() -> None:
    with pytest.raises(BadInput, match="ellipsoidal"):
        to_city_heights(np.zeros(1), np.zeros((1, 2)), "WGS84", Geoid.constant(0.0))
