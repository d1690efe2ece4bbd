"""Heights within footprints: the percentile against numpy's, whatever the order, and laws of raising and scaling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.inference.surface_heights import measure

PIXELS = st.lists(st.tuples(st.integers(0, 4), st.one_of(st.just(np.nan), st.floats(-50.0, 300.0))), max_size=60)


@pytest.mark.long
@given(PIXELS, st.sampled_from([0.0, 25.0, 50.0, 90.0, 100.0]))
def test_each_footprint_has_the_percentile_of_its_own_pixels(pixels, percentile):
    label = np.array([one for one, _ in pixels], dtype=np.int64)
    above = np.array([value for _, value in pixels], dtype=np.float64)
    found = measure(above, label, 6, percentile)
    for one in range(6):
        own = above[(label == one) & np.isfinite(above)]
        assert found.pixels[one] == len(own)
        if len(own):
            assert found.height_m[one] == pytest.approx(np.percentile(own, percentile), abs=1e-9)
            spread = 1.4826 * np.median(np.abs(own - np.median(own)))
            assert found.spread_m[one] == pytest.approx(spread, abs=1e-9)
        else:
            assert np.isnan(found.height_m[one])


@pytest.mark.long
@given(PIXELS, st.floats(-20.0, 20.0), st.randoms())
def test_raising_the_surface_raises_the_height_and_neither_order_nor_spread_cares(pixels, by, random):
    shuffled = list(pixels)
    random.shuffle(shuffled)
    label, above = (np.array([p[n] for p in pixels], dtype=kind) for n, kind in ((0, np.int64), (1, np.float64)))
    other, raised = (np.array([p[n] for p in shuffled], dtype=kind) for n, kind in ((0, np.int64), (1, np.float64)))
    one, two = measure(above, label, 5), measure(raised + by, other, 5)
    assert np.allclose(two.height_m, one.height_m + by, equal_nan=True, atol=1e-9)
    assert np.allclose(two.spread_m, one.spread_m, equal_nan=True, atol=1e-9)


def test_a_percentile_that_is_none_is_refused():
    with pytest.raises(BadInput, match="expected 0 to 100"):
        measure(np.zeros(1), np.zeros(1, dtype=np.int64), 1, 101.0)
