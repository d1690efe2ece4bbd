"""What a surface shows of a roof: simple forms found again whichever way the house is turned, and what is none of them."""

import numpy as np
import pytest
import shapely

from cim.inference.roof_relief import NO_FORM, local_slopes, relief
from cim.types import RoofForm

ANGLES = (0.0, 25.0, 90.0, 140.0)


def heights(kind, x, y, length, width):
    """Over a rectangle about the origin, `length` along x."""
    fall = 0.5
    along, across = length / 2 - np.abs(x), width / 2 - np.abs(y)
    return {
        "level": np.zeros(len(x)),
        "stepped": np.where(x > 0, 3.0, 0.0),
        "shed": fall * (y + width / 2),
        "gable": fall * across,
        "turned": fall * along,
        "hip": fall * np.minimum(along, across),
    }[kind]


def seen(kind, angle, noise=0.1, length=14.0, width=8.0):
    rng = np.random.default_rng(5)
    x, y = (axis.ravel() for axis in np.meshgrid(*(np.arange(0.25, side, 0.5) - side / 2 for side in (length, width))))
    z = 7.0 + heights(kind, x, y, length, width) + rng.normal(0.0, noise, len(x))
    z[rng.random(len(z)) < 0.03] += 1.5  # chimneys
    turn = np.radians(angle)
    xy = np.column_stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)])
    shape = shapely.affinity.rotate(shapely.box(-length / 2, -width / 2, length / 2, width / 2), angle, origin=(0, 0))
    return relief(np.array([shape]), np.zeros(len(x), dtype=np.int64), xy, z, np.full(len(x), np.nan))


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize(("kind", "form"), [("shed", "shed"), ("gable", "gable"), ("turned", "gable"), ("hip", "hip")])
def test_a_simple_roof_is_found_with_its_pitch_whichever_way_it_is_turned(kind, form, angle):
    found = seen(kind, angle)
    assert RoofForm(found.form[0]).name == form
    expected = np.nan if kind == "turned" else np.degrees(np.arctan(0.5))
    assert found.pitch_deg[0] == pytest.approx(expected, abs=1.5, nan_ok=True)


@pytest.mark.parametrize("kind", ["level", "stepped"])
def test_level_roofs_at_one_height_or_two_show_no_form(kind):
    assert seen(kind, 25.0).form[0] == NO_FORM


def test_a_hipped_roof_over_a_square_meets_in_a_point():
    assert seen("hip", 30.0, length=8.0, width=8.0).form[0] == RoofForm.pyramidal


def test_few_pixels_and_unknown_heights_say_nothing():
    shape = np.array([shapely.box(0, 0, 3, 3), shapely.box(9, 0, 19, 9), shapely.Polygon()])
    label = np.repeat([0, 1], [9, 200])
    height = np.r_[np.arange(9.0), np.full(200, np.nan)]
    found = relief(shape, label, np.zeros((209, 2)), height, np.ones(209))
    assert found.form.tolist() == [NO_FORM] * 3
    assert np.isnan(found.slope_deg).all()


def test_the_median_slope_tells_steep_roofs_from_steps():
    level = np.zeros((20, 20))
    level[:, 10:] = 3.0
    x = np.arange(20.0)
    steep = np.tile(0.5 * 0.6 * (10 - np.abs(x - 9.5)), (20, 1))
    assert np.nanmedian(local_slopes(level, (0.5, 0.5))) == 0.0
    assert np.nanmedian(local_slopes(steep, (0.5, 0.5))) == pytest.approx(np.degrees(np.arctan(0.6)), abs=0.1)
