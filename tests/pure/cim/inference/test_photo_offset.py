"""Footprints against a painted photo: known shifts come back, and what cannot be told says why."""

import numpy as np
import pytest
import shapely

from cim.errors import BadInput
from cim.inference.photo_offset import REASONS, Shift, cells, shift, together

PIXEL, SIDE = 0.5, 240.0
WEST, NORTH = 440_000.0, 4_440_000.0


def town(seed=1, count=45):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(7), np.arange(7)), axis=-1).reshape(-1, 2)[:count] * 28.0 + 36.0
    middle = grid + rng.uniform(-5, 5, grid.shape)
    size = rng.uniform(8, 20, grid.shape)
    turn = rng.uniform(0, 90)
    return np.array(
        [
            shapely.affinity.rotate(
                shapely.box(WEST + x - w / 2, NORTH - y - h / 2, WEST + x + w / 2, NORTH - y + h / 2), turn
            )
            for (x, y), (w, h) in zip(middle, size, strict=True)
        ]
    )


def photo(shapes, east=0.0, north=0.0, noise=6.0, seed=2):
    """Roofs of many greys on a ground of another, each pixel the share that a roof covers of it, moved by a known shift."""
    rng = np.random.default_rng(seed)
    fine = 4
    size = int(SIDE / PIXEL)
    at = (np.arange(size * fine) + 0.5) * PIXEL / fine
    grey = np.full((size * fine, size * fine), 110.0)
    for shape in shapes:
        moved = shapely.affinity.translate(shape, east, north)
        x0, y0, x1, y1 = moved.bounds
        columns = np.flatnonzero((at >= x0 - WEST - 1) & (at <= x1 - WEST + 1))
        rows = np.flatnonzero((at >= NORTH - y1 - 1) & (at <= NORTH - y0 + 1))
        x, y = np.meshgrid(WEST + at[columns], NORTH - at[rows])
        inside = shapely.contains_xy(moved, x.ravel(), y.ravel()).reshape(x.shape)
        block = grey[np.ix_(rows, columns)]
        block[inside] = rng.uniform(60, 190)
        grey[np.ix_(rows, columns)] = block
    coarse = grey.reshape(size, fine, size, fine).mean(axis=(1, 3))
    return coarse + rng.normal(0.0, noise, coarse.shape)


TOWN = town()


@pytest.mark.long
@pytest.mark.parametrize(("east", "north"), [(0.0, 0.0), (2.3, 0.0), (-1.15, 3.4), (0.2, -0.3)])
def test_a_known_shift_comes_back_within_half_a_pixel(east, north):
    found = shift(photo(TOWN, east, north), WEST, NORTH, PIXEL, TOWN)
    assert found.reason is None
    assert np.hypot(found.dx_m - east, found.dy_m - north) < 0.5 * PIXEL


@pytest.mark.long
def test_noise_a_plain_photo_and_a_photo_elsewhere_cannot_tell():
    rng = np.random.default_rng(3)
    noise = rng.normal(110.0, 30.0, (480, 480))
    assert shift(noise, WEST, NORTH, PIXEL, TOWN).reason == "shift_not_distinct"
    assert shift(np.full((480, 480), 90.0), WEST, NORTH, PIXEL, TOWN).reason == "photo_without_edges"
    assert shift(noise, WEST + 400.0, NORTH, PIXEL, TOWN).reason == "photo_missing"
    assert shift(np.full((480, 480), np.nan), WEST, NORTH, PIXEL, TOWN).reason == "photo_missing"


@pytest.mark.long
def test_few_outlines_and_a_shift_beyond_reach_cannot_tell():
    assert shift(photo(TOWN), WEST, NORTH, PIXEL, TOWN[:1]).reason == "outlines_few"
    assert shift(photo(TOWN), WEST, NORTH, PIXEL, TOWN[:0]).reason == "outlines_few"
    moved = shift(photo(TOWN, 9.0, 0.0), WEST, NORTH, PIXEL, TOWN, reach_m=4.0)
    assert moved.reason in ("shift_beyond_reach", "shift_not_distinct", "shift_ambiguous")
    assert (moved.dx_m, moved.dy_m) == (None, None)


@pytest.mark.long
def test_a_row_of_equal_houses_fits_by_the_next_house_too():
    at = [(WEST + 20 + 7 * i, NORTH - 200 + 19 * j) for i in range(28) for j in range(9)]
    row = np.array([shapely.box(x, y, x + 4.5, y + 9) for x, y in at])
    found = shift(photo(row, noise=1.0), WEST, NORTH, PIXEL, row)
    assert found.reason == "shift_ambiguous"


@pytest.mark.long
def test_voids_in_the_photo_make_no_edges():
    grey = photo(TOWN, 1.0, 1.0)
    grey[:, 300:330] = np.nan
    found = shift(grey, WEST, NORTH, PIXEL, TOWN)
    assert np.hypot(found.dx_m - 1.0, found.dy_m - 1.0) < 0.5 * PIXEL


def test_a_dataset_is_the_middle_of_its_cells_and_says_how_many_agree():
    told = [Shift(2.3, 0.1, 9.0), Shift(2.2, 0.0, 8.0), Shift(2.4, -0.1, 7.0), Shift(-5.0, 4.0, 6.5)]
    found = together([*told, Shift(None, None, 1.0, "photo_missing")], PIXEL)
    assert (found.cells, found.telling, found.agreeing) == (5, 4, 3)
    assert found.length_m == pytest.approx(2.25, abs=0.06)
    nobody = together([Shift(None, None, 0.0, "outlines_few")], PIXEL)
    assert (nobody.dx_m, nobody.length_m, nobody.telling) == (None, None, 0)


def test_every_footprint_belongs_to_one_cell():
    parts = cells(TOWN, 100.0)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(TOWN)))
    assert len(parts) > 3


def test_a_pixel_that_is_none_is_refused_and_reasons_are_words():
    with pytest.raises(BadInput, match="a pixel of 0 m"):
        shift(np.zeros((4, 4)), 0.0, 0.0, 0.0, TOWN)
    assert all(len(words) > 10 for words in REASONS.values())
