"""Points that lie where no roof can be: told as heights out of place, not as planes that do not close."""

import numpy as np
import pytest
import shapely

from cim.city import City
from cim.store.measurable import Measurable
from loaders.derived.measured_roofs import derive
from loaders.derived.roof_points import nothing_over
from tests.pure.loaders.test_roof_points import grid

CORNER = np.array([445000.0, 4438000.0, 0.0])


@pytest.mark.long
@pytest.mark.parametrize(
    ("above_m", "codes"), [(-40.0, {"roof_height_limits": 1}), (6.0, {}), (3000.0, {"roof_height_limits": 1})]
)
def test_a_cloud_whose_heights_are_of_another_datum_or_unit_is_told_as_that(
    above_m: float, codes: dict[str, int], city: City
) -> None:
    footprint = shapely.box(*CORNER[:2], *(CORNER[:2] + [12.0, 8.0]))
    one = np.ones(1)
    buildings = Measurable(np.array([7]), np.array([footprint]), 1043.0 * one, one < 0)
    over = nothing_over(1)
    over.add(0, grid(0.0, 12.0, 1043.0 + above_m) + CORNER, ("scan", 1))
    found = derive(buildings, over, lambda lonlat: np.full(len(lonlat), np.nan), city, lambda *_: None)
    assert found.codes == codes
    assert len(found.records) == (0 if codes else 1)
