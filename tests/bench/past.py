"""A past: three versions of a dataset, edited as surveys edit a city, loaded one after the other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from tests.bench import footprints
from tests.bench.ground import Ground
from tests.bench.line import Invalid
from tests.bench.loading import load

FULL = 200_000
SINCE = ("2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z", "2024-01-01T00:00:00Z")
"""since when the world is as each version says"""
IN_THE_FIRST = datetime(2021, 1, 1, tzinfo=UTC)

_MOVED, _CHANGED, _ADDED, _REMOVED = 0.01, 0.02, 0.005, 0.005
_SHIFT = (1.0, 0.6)


@dataclass(frozen=True, slots=True)
class Past:
    """A database with three versions. heights: of each version, {id of the source: height}; edits: first to second."""

    url: str
    versions: tuple[int, ...]
    heights: tuple[Mapping[str, float], ...]
    edits: Mapping[str, int]


@contextmanager
def loaded(ground: Ground) -> Iterator[Past]:
    """A database that holds the three versions; raises Invalid unless each load saw exactly the edits that were made."""
    frames, edits = versions(ground.size(FULL))
    everything = len(frames[2])
    expected: list[Mapping[str, int]] = [{"added": len(frames[0])}, edits, {"changed": everything}]
    published = []
    with ground.database() as url:
        for number, frame in enumerate(frames):
            done = load(url, _kept(ground, number, frame), SINCE[number])
            changes = {fate: n for fate, n in done.changes.items() if n and fate != "unchanged"}
            if changes != expected[number]:
                raise Invalid(f"version {number + 1}: edits made {dict(expected[number])}, found {changes}")
            published.append(done.version)
            ground.note(f"  version {number + 1} loaded in {done.load_s:.1f} s: {changes}")
        ground.settle()
        heights = tuple(dict(zip(frame["id"], frame["height_m"], strict=True)) for frame in frames)
        yield Past(url, tuple(published), heights, edits)


def versions(count: int) -> tuple[list[gpd.GeoDataFrame], dict[str, int]]:
    """The three versions, and {fate: how many} of the second: 1 % moved, 2 % changed, 0.5 % added, 0.5 % gone."""
    added = round(count * _ADDED)
    every = footprints.footprints(count + added)
    first, fresh = every.iloc[:count], every.iloc[count:]
    moved, changed, removed = (round(count * share) for share in (_MOVED, _CHANGED, _REMOVED))
    chosen = np.random.default_rng(7).permutation(count)[: moved + changed + removed]
    second = first.copy()
    gone, other = chosen[:removed], chosen[removed : removed + changed]
    raised = second.columns.get_loc("height_m")
    second.iloc[other, raised] = np.round(second.iloc[other, raised] + 0.1, 2)
    shifted = chosen[removed + changed :]
    second.loc[shifted, "geometry"] = second.geometry.iloc[shifted].translate(*_SHIFT)
    second = pd.concat([second.drop(index=gone), fresh], ignore_index=True)
    third = second.copy()
    third["height_m"] = np.round(third["height_m"] + 0.2, 2)
    return [first, second, third], {"added": added, "changed": changed, "moved": moved, "ended": removed}


def _kept(ground: Ground, number: int, frame: gpd.GeoDataFrame) -> Path:
    path = ground.files / f"past-{len(frame)}-{number + 1}.gpkg"
    footprints.write(path, iter([frame]))
    return path
