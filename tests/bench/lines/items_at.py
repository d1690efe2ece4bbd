"""Line `items.at`: what asking for another moment costs: the same boxes now, as the world was, as the model knew it."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from cim import crs as frames
from cim.store import features
from cim.store.db import Connection, Database
from cim.types import Box
from tests.bench import past
from tests.bench.footprints import CRS, piece
from tests.bench.ground import Ground, rows
from tests.bench.line import Figure, Invalid, Line
from tests.bench.rounds import ROUNDS

BOXES = 200
SIDE_M = 200.0  # some 75 buildings


def measure(ground: Ground) -> Figure:
    """The median latency of the dearer of the two questions about the past, over that of now."""
    with past.loaded(ground) as made:
        ((known,),) = rows(
            made.url, "SELECT published_at FROM cim.dataset_version WHERE id = %(id)s", {"id": made.versions[1]}
        )
        questions: dict[str, dict[str, Any]] = {
            "now": {},
            "at": {"at": past.IN_THE_FIRST},
            "as_known_at": {"as_known_at": known},
        }
        heights = dict(zip(questions, (made.heights[2], made.heights[0], made.heights[1]), strict=True))
        boxes = _boxes(ground.size(past.FULL))
        keys = dict(rows(made.url, "SELECT id, source_key FROM cim.object"))
        database = Database(made.url)
        with database.begin() as connection:
            for name, question in questions.items():
                _validate(connection, boxes, question, keys, heights[name], name)
            medians = _medians(ground, connection, boxes, questions)
        database.close()
    return Figure(max(medians["at"], medians["as_known_at"]) / medians["now"])


def _boxes(count: int) -> list[Box]:
    """Squares round buildings drawn by chance, lon/lat degrees."""
    xy = np.array([(p.x, p.y) for p in piece(0, 1).geometry.iloc[: min(count, 100_000)].centroid])
    drawn = xy[np.random.default_rng(11).integers(0, len(xy), BOXES)]
    low = frames.transform(drawn - SIDE_M / 2, CRS, frames.LONLAT)
    high = frames.transform(drawn + SIDE_M / 2, CRS, frames.LONLAT)
    return [Box(*map(float, (*a, *b))) for a, b in zip(low, high, strict=True)]


def _validate(
    connection: Connection,
    boxes: list[Box],
    question: Mapping[str, Any],
    keys: Mapping[int, str],
    heights: Mapping[str, float],
    name: str,
) -> None:
    """Every building found must be as high as in the version that the question is about; warms the cache on the way."""
    wrong = seen = 0
    for box in boxes:
        for item in features.items(connection, "buildings", bbox=box, limit=100, **question):
            seen += 1
            wrong += heights.get(keys[item["id"]]) != item["properties"]["height_m"]
    if wrong or seen < len(boxes):
        raise Invalid(f"{name}: {wrong:,} of {seen:,} buildings in {len(boxes)} boxes are not those of that version")


def _medians(
    ground: Ground, connection: Connection, boxes: list[Box], questions: Mapping[str, Mapping[str, Any]]
) -> dict[str, float]:
    """Milliseconds a question, each box asked now, then, and by what was known, one after the other."""
    taken: dict[str, list[float]] = {name: [] for name in questions}
    for _ in range(ROUNDS):
        for box in boxes:
            for name, question in questions.items():
                began = time.perf_counter()
                features.items(connection, "buildings", bbox=box, limit=100, **question)
                taken[name].append((time.perf_counter() - began) * 1000.0)
    for name, times in taken.items():
        p95 = float(np.quantile(times, 0.95))
        ground.note(f"  {name}: median {statistics.median(times):.2f} ms, 95 % below {p95:.2f} ms, {len(times)} times")
    return {name: statistics.median(times) for name, times in taken.items()}


LINE = Line(
    name="items.at",
    unit="ratio",
    what="latency of a bbox of 200,000 buildings with three versions: at= and as_known_at= over now",
    measure=measure,
    at_most=1.3,
)
