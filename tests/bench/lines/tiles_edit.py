"""Line `tiles.edit`: one building edited in the store while the server runs, until a client holds its new tile."""

import queue
import statistics
import time
from functools import partial

import numpy as np
import psycopg

from tests.bench import follower, inspection, tiletree, workshop
from tests.bench.follower import Fetched, heights_in
from tests.bench.ground import Ground
from tests.bench.line import Figure, Invalid, Line
from tests.bench.serving import serving
from tests.bench.workshop import Workshop
from tests.sse_client import Stream, listening

FULL = 200_000
EDITS = 7
_RAISED_M = 3.17
_PATIENCE_S = 60.0
_BESIDE, _SPLIT = 2, 4  # files that may be new beyond the depth of the tree; more where a cell is split or joined


def measure(ground: Ground) -> Figure:
    """Median seconds of some edits from the commit to the new height in the client's hands.

    Raises Invalid where no root is announced, where more files are new than the depth of the tree and two (and four,
    where the number of models changed), and where the tileset is not the store's in the end.
    """
    count = ground.size(FULL)
    with workshop.loaded(ground, count, hilly=True) as shop:
        shop.cim("build", "city")
        chosen = np.random.default_rng(11).choice(sorted(workshop.buildings(shop)), EDITS, replace=False).tolist()
        with serving(shop) as base, listening(base, "?layers=tiles") as stream:
            seconds = [_edit(ground, shop, base, stream, building) for building in chosen]
        inspection.inspect(shop)
    return Figure(statistics.median(seconds))


def _edit(ground: Ground, shop: Workshop, base: str, stream: Stream, building: int) -> float:
    """One edit. The clock runs from just before COMMIT to the height read from a newly fetched model."""
    read = tiletree.http(base)
    before, on_disk = list(tiletree.walk(read)), _files(shop)
    held = follower.names(read)
    with psycopg.connect(shop.url) as connection:
        row = connection.execute(
            "UPDATE cim.body SET height_m = height_m + %s WHERE building_id = %s AND record_to IS NULL RETURNING height_m",
            (_RAISED_M, building),
        ).fetchone()
        began = time.perf_counter()
        connection.commit()
    if row is None:
        raise Invalid(f"building {building} is not in the store")
    fetched = _told(base, stream, held, building, float(row[0]), began + _PATIENCE_S)
    seconds = time.perf_counter() - began
    after = list(tiletree.walk(read))
    new = max(len(fetched.new), len(_files(shop) - on_disk))
    most = fetched.depth + _BESIDE + (_SPLIT if len(after) != len(before) else 0)
    ground.note(
        f"  building {building}: {seconds:.3f} s, {new} new files (at most {most}), "
        f"{sum(map(len, fetched.new.values())):,} bytes unpacked, depth {fetched.depth}"
    )
    if new > most:
        raise Invalid(f"one edit made {new} new files in a tree of depth {fetched.depth}: at most {most} are allowed")
    return seconds


def _told(base: str, stream: Stream, held: frozenset[str], building: int, height: float, until: float) -> Fetched:
    """Hear of new roots until one brings the building with its new height."""
    while True:
        try:
            event = stream.events.get(timeout=max(0.0, until - time.perf_counter()))
        except queue.Empty:
            raise Invalid(
                f"no root with the edit of building {building} was announced in {_PATIENCE_S:.0f} s"
            ) from None
        if event.kind == "tile" and event.data.get("tileset", "city") == "city":
            fetched = follower.follow(tiletree.http(base), held, partial(heights_in, building=building))
            if fetched.heights and abs(fetched.heights[-1] - height) < 0.01:
                return fetched


def _files(shop: Workshop) -> frozenset[str]:
    return frozenset(path.name for path in (shop.tiles / "c").iterdir() if not path.name.startswith("."))


LINE = Line(
    name="tiles.edit",
    unit="s",
    what="one of 200,000 buildings edited by SQL under a running server -> new root told on /live, new tile fetched",
    measure=measure,
    at_most=1.0,
)
