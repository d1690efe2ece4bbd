"""Line `mvt.cold`: tiles that nobody has asked for yet, over HTTP, as a share of what the database alone gives."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from tests.bench import rivals, serving, tiles
from tests.bench.ground import Ground, execute
from tests.bench.line import Figure, Line
from tests.bench.rounds import alternated
from tests.bench.tiles import Door

ZOOMS = (14, 15, 16)
OURS = "/vector/buildings/{z}/{x}/{y}.mvt"
_TIPG = "/collections/rival.buildings/tiles/WebMercatorQuad/{z}/{x}/{y}"
_NOTICED_S = 1.0


def measure(ground: Ground) -> Figure:
    """Per cent of the rate at which the same prepared statement gives the same tiles to as many psycopg connections."""
    with tiles.loaded(ground) as url, ExitStack() as running:
        wanted = tiles.drawn(url, ZOOMS)
        straight = running.enter_context(tiles.straight(url))
        ours = Door(running.enter_context(serving.ours(url)), OURS)
        contestants: dict[str, Callable[[], float]] = {
            "database": lambda: tiles.drained(wanted, straight),
            "cim": lambda: _cold(url, lambda: ours.drained(wanted)),
        }
        some = wanted[:: max(1, len(wanted) // 12)]
        for tile in some:
            tiles.same(tile, ours.read(tile), straight[0](tile), "database")
        if serving.has_tipg():
            _lay_out(url)
            rival = Door(running.enter_context(serving.tipg(url, "rival")), _TIPG)
            contestants["tipg"] = lambda: rival.drained(wanted)
            for tile in some:
                tiles.same(tile, ours.read(tile), rival.read(tile), "tipg")
        else:
            rivals.missing(ground, "tipg")
        for run in contestants.values():
            run()  # every connection has prepared its statement, every page is in memory
        seconds = alternated(ground, contestants, rounds=5)
    rate = {name: len(wanted) / taken for name, taken in seconds.items()}
    ground.note("  tiles/s: " + ", ".join(f"{name} {value:,.0f}" for name, value in rate.items()))
    tipg = 100.0 * rate["tipg"] / rate["database"] if "tipg" in rate else None
    return Figure(100.0 * rate["cim"] / rate["database"], "tipg", tipg)


def _cold(url: str, run: Callable[[], float]) -> float:
    """The run with a cache that has just been told that everything may have changed."""
    execute(url, "INSERT INTO cim.change (at, layer, operation, features) VALUES (now(), '*', 'truncate', '{}')")
    execute(url, "NOTIFY cim_change")
    time.sleep(_NOTICED_S)
    return run()


def _lay_out(url: str) -> None:
    """A table for the rival, with our attributes and shapes: of ours it would take the first shape, and transform it."""
    execute(url, "CREATE SCHEMA rival")
    execute(
        url,
        """CREATE TABLE rival.buildings AS
           SELECT building_id AS id, name, (ARRAY['unknown', 'residential', 'commercial', 'office'])[1 + use % 4] AS use,
                  height_m, height_basis, eaves_m, storeys, 'flat' AS roof_form, year, 'L' || cim_level AS cim_level, lod,
                  source, accuracy_m, is_synthetic, mercator AS geom
           FROM cim.current_body ORDER BY cell, building_id""",
    )
    execute(url, "ALTER TABLE rival.buildings ADD PRIMARY KEY (id)")
    execute(url, "CREATE INDEX ON rival.buildings USING gist (geom)")
    execute(url, "VACUUM ANALYZE rival.buildings")


LINE = Line(
    name="mvt.cold",
    unit="%",
    what="vector tiles of 200,000 buildings, z14 to z16, not in the cache, over HTTP: share of the rate of ST_AsMVT alone",
    measure=measure,
    at_least=90.0,
)
