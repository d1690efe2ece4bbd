"""Cones and discs: areas by formula; points inside, outside and on the edge; the two ways held against each other."""

import numpy as np
import pytest
import shapely

from cim.reach import cones, covers, discs, sees

EYE = np.array([[1000.0, 2000.0]])


def one(value: float) -> np.ndarray:
    return np.array([value])


@pytest.mark.parametrize("fov", [1.0, 62.0, 90.0, 180.0, 270.0, 360.0])
@pytest.mark.parametrize("azimuth", [0.0, 45.0, 350.0])
def test_a_cone_has_the_area_of_its_sector_and_looks_along_its_azimuth(fov, azimuth) -> None:
    cone = cones(EYE, one(azimuth), one(fov), one(120.0))[0]
    assert cone.is_valid
    assert cone.area == pytest.approx(fov / 360 * np.pi * 120.0**2, rel=2e-3)
    ahead = EYE[0] + 60.0 * np.array([np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))])
    assert cone.covers(shapely.Point(ahead))


def test_a_point_inside_outside_and_on_the_edge_of_a_cone_over_north() -> None:
    eye = (EYE, one(350.0), one(40.0), one(100.0))  # from 330 to 10 degrees
    bearing = np.radians([350.0, 5.0, 10.0, 330.0, 10.5, 329.5, 350.0, 170.0])
    reach = np.array([50.0, 99.0, 100.0, 100.0, 50.0, 50.0, 100.5, 10.0])
    points = EYE + reach[:, None] * np.column_stack([np.sin(bearing), np.cos(bearing)])
    assert sees(points, *eye)[:, 0].tolist() == [True, True, True, True, False, False, False, False]
    assert sees(EYE, *eye)[0, 0]


def test_a_disc_holds_its_edge_and_nothing_beyond() -> None:
    points = EYE + np.array([[0.0, 0.0], [300.0, 400.0], [300.0, 401.0]])
    assert covers(points, EYE, one(500.0))[:, 0].tolist() == [True, True, False]


def test_what_is_not_known_reaches_nothing() -> None:
    assert cones(EYE, one(np.nan), one(60.0), one(100.0))[0] is None
    assert discs(EYE, one(np.nan))[0] is None
    assert not sees(EYE, EYE, one(0.0), one(60.0), one(np.nan))[0, 0]
    assert not covers(EYE, EYE, one(np.nan))[0, 0]


def test_the_test_by_angle_agrees_with_the_polygon_away_from_the_arc() -> None:
    rng = np.random.default_rng(7)
    eyes = rng.uniform(0, 500, (6, 2))
    azimuth, fov, far = rng.uniform(0, 360, 6), rng.uniform(5, 350, 6), rng.uniform(50, 300, 6)
    points = rng.uniform(-200, 700, (400, 2))
    by_angle = sees(points, eyes, azimuth, fov, far)
    shapes, places = cones(eyes, azimuth, fov, far), shapely.points(points)
    by_shape = shapely.covers(shapes[None, :], places[:, None])
    edge = np.abs(np.hypot(*(points[:, None, :] - eyes).transpose(2, 0, 1)) - far) < 0.0005 * far
    assert (by_angle == by_shape)[~edge].all()
    assert by_angle.any()
