"""The terrain tileset: DEMs to a quantized-mesh pyramid on disk, without cracks, swapped in whole.

Levels are built one after the other, each in blocks of tiles that share one reading of the ground: once to find the
level's extreme heights (they fix its one scale of heights), once to write. Edge vertices depend on the edge alone.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from cim.errors import BadInput
from cim.geoid import Geoid
from cim.types import IntArray, Progress, silent
from tilesets import folder_swap as files
from tilesets.terrain import block
from tilesets.terrain import quantized_mesh as mesh
from tilesets.terrain.block import Job
from tilesets.terrain.dem import DemSource, prepare
from tilesets.terrain.grid import Coverage, TmsLattice, blocks, level_for, pyramid, ranges
from tilesets.terrain.surface import build_surface

__all__ = ["DemSource", "TerrainReport", "build_terrain"]

FORMAT = "2"
"""Raised when the same DEMs would give other tiles, so that an old pyramid is not taken for a new one."""
BLOCK = 8
ONE_PROCESS = 2000
"""Below so many tiles (three seconds of one core) starting workers costs more than it saves."""


@dataclass(frozen=True, slots=True)
class TerrainReport:
    """What a build made. tiles: how many at each level; version: of the content, in every tile's address."""

    tiles: tuple[int, ...]
    version: str
    bounds: tuple[float, float, float, float]
    bytes: int
    unchanged: bool = False

    @property
    def total(self) -> int:
        """Tiles of all levels."""
        return sum(self.tiles)


def build_terrain(
    dems: Sequence[DemSource],
    out: Path,
    city_crs: str,
    geoid: Geoid,
    progress: Progress = silent,
    *,
    workers: int = 1,
    fingerprint: str | None = None,
    attribution: str = "",
) -> TerrainReport:
    """Build the pyramid of these DEMs into the folder `out`.

    dems: heights in the city's height system, any CRS PROJ knows; the finest wins, and fades into the coarser over
    32 of its pixels. city_crs: recorded beside the tiles. fingerprint: of the DEMs' content; where it equals that of
    the pyramid in place, nothing is done. progress counts tiles. Raises BadInput without DEMs; BadSource, MissingCrs.
    """
    if not dems:
        raise BadInput("no DEM: expected at least one raster of heights")
    out = Path(out)
    stamp = None if fingerprint is None else f"{FORMAT}:{city_crs}:{geoid.approximate}:{fingerprint}"
    files.recover(out)
    old = files.read_report(out)
    if stamp is not None and old is not None and old.get("stamp") == stamp:
        return _report(old, unchanged=True)
    with files.beside(out) as folder, files.beside(out) as scratch:
        prepared = [prepare(source, scratch, f"dem{n}") for n, source in enumerate(dems)]
        coverages = [Coverage(dem.outline, level_for(dem.pixel_m, dem.latitude)) for dem in prepared]
        job = Job(build_surface(prepared), geoid, folder)
        levels = pyramid(coverages)
        latitude = float(np.mean([dem.latitude for dem in prepared]))
        digests, size = _write_levels(job, levels, latitude, progress, workers)
        version = hashlib.sha256(b"".join(digests)).hexdigest()[:12]
        bounds = shapely.total_bounds([dem.outline for dem in prepared]).round(7).tolist()
        layer = _layer_json(levels, version, bounds, attribution, geoid)
        (folder / "layer.json").write_text(json.dumps(layer, ensure_ascii=False) + "\n", encoding="utf-8")
        report = TerrainReport(tuple(len(level) for level in levels), version, tuple(bounds), size)
        note = {**asdict(report), "stamp": stamp, "city_crs": city_crs, "geoid": geoid.approximate}
        (folder / files.REPORT).write_text(json.dumps(note) + "\n", encoding="utf-8")
        files.swap(folder, out)
    return report


def _report(note: dict[str, Any], *, unchanged: bool) -> TerrainReport:
    return TerrainReport(tuple(note["tiles"]), note["version"], tuple(note["bounds"]), note["bytes"], unchanged)


def _layer_json(
    levels: list[IntArray], version: str, bounds: list[float], attribution: str, geoid: Geoid
) -> dict[str, Any]:
    return {
        "tilejson": "2.1.0",
        "name": "terrain",
        "description": f"Ground heights over the WGS 84 ellipsoid. {geoid.approximate}",
        "version": f"1.0.0-{version}",
        "format": "quantized-mesh-1.0",
        "attribution": attribution,
        "scheme": "tms",
        "projection": "EPSG:4326",
        "extensions": ["octvertexnormals"],
        "tiles": ["{z}/{x}/{y}.terrain?v={version}"],
        "minzoom": 0,
        "maxzoom": len(levels) - 1,
        "bounds": bounds,
        "available": [ranges(level) for level in levels],
    }


def _write_levels(
    job: Job, levels: list[IntArray], lat: float, progress: Progress, workers: int
) -> tuple[list[bytes], int]:
    """Write every tile; the digests of the blocks in order, and the bytes written."""
    total, done, size = sum(len(level) for level in levels), 0, 0
    digests: list[bytes] = []
    pool = None
    if workers > 1 and total >= ONE_PROCESS:
        context = multiprocessing.get_context("spawn")  # the caller may hold threads and sockets
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(job,))
    try:
        for level, tiles in enumerate(levels):
            groups = blocks(tiles, BLOCK)
            spacing = TmsLattice(level).spacing_m(lat)
            extremes = np.array(list(_each(pool, job, partial(block.extremes, level, spacing), groups)))
            scale = mesh.height_scale(float(extremes[:, 0].min()), float(extremes[:, 1].max()))
            for digest, count, written in _each(pool, job, partial(block.write, level, spacing, scale), groups):
                digests.append(digest)
                done, size = done + count, size + written
                progress(done, total, f"terrain level {level}")
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
    return digests, size


_job: Job | None = None


def _start(job: Job) -> None:
    """A worker's first act: keep the job, so that each block carries only its tiles."""
    global _job
    _job = job


def _in_worker(task: Callable[[Job, IntArray], Any], tiles: IntArray) -> Any:
    assert _job is not None
    return task(_job, tiles)


def _each(
    pool: ProcessPoolExecutor | None, job: Job, task: Callable[..., Any], groups: list[IntArray]
) -> Iterable[Any]:
    """The task's result for each group of tiles, in order, here or in the pool."""
    if pool is None:
        return (task(job, group) for group in groups)
    return pool.map(partial(_in_worker, task), groups)
