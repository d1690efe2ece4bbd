"""The benchmark lines, one file and one line here each; this order is the order they run in."""

from cim.plugins import Registry
from tests.bench.line import Line
from tests.bench.lines import (
    diff_versions,
    history_price,
    items_at,
    load_footprints,
    load_footprints_cjdb,
    load_memory,
    mvt_cached,
    mvt_cold,
)

LINES = Registry[Line](
    "benchmark line",
    load_footprints.LINE,
    load_footprints_cjdb.LINE,
    load_memory.LINE,
    diff_versions.LINE,
    items_at.LINE,
    history_price.LINE,
    mvt_cold.LINE,
    mvt_cached.LINE,
)
