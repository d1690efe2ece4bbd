"""Little tilesets that several tests read, each built once a session: of a compact city and of a wide one."""

from functools import lru_cache

import pytest

from tests.sample_city import CRS, Even, Slope, city
from tests.tileset_walk import Memory
from tilesets.city import upper
from tilesets.city.build import build_city

WIDTH_M = 6000.0
"""The side of the square its buildings are spread over: two districts."""


@lru_cache
def little(count: int, target_bytes: int, *, wide: bool = False) -> Memory:
    """The tileset of `tests.sample_city.city(count, width_m=WIDTH_M)`; whoever asks must leave it as it is.

    wide: as of a city whose districts are too many for a view from afar, so that the root has blocks of its own.
    """
    sink = Memory()
    with pytest.MonkeyPatch.context() as patch:
        if wide:
            patch.setattr(upper, "ROOT_LIMIT", max(1, count // 8))
        build_city([city(count, width_m=WIDTH_M)], Slope(), Even(), CRS, sink, target_bytes=target_bytes)
    return sink
