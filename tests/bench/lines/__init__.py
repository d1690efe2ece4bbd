"""The benchmark lines, one file and one line here each; this order is the order they run in."""

from cim.plugins import Registry
from tests.bench.line import Line
from tests.bench.lines import (
    diff_versions,
    history_price,
    items_at,
    load_addresses,
    load_footprints,
    load_footprints_cjdb,
    load_memory,
    mvt_cached,
    mvt_cold,
    terrain_adaptive,
    terrain_rate,
    tiles_bytes,
    tiles_edit,
    tiles_far,
    tiles_memory,
    tiles_rate,
)

LINES = Registry[Line](
    "benchmark line",
    load_footprints.LINE,
    load_footprints_cjdb.LINE,
    load_memory.LINE,
    load_addresses.LINE,
    diff_versions.LINE,
    items_at.LINE,
    history_price.LINE,
    tiles_rate.LINE,
    tiles_bytes.LINE,
    tiles_memory.LINE,
    tiles_edit.LINE,
    tiles_far.LINE,
    terrain_rate.LINE,
    terrain_adaptive.LINE,
    mvt_cold.LINE,
    mvt_cached.LINE,
)
