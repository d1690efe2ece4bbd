"""The terrain tileset: DEMs to a quantized-mesh pyramid on disk, without cracks, swapped in whole.

A plan says which tiles the pyramid in place has already, byte for byte; those are carried over, the others written in
blocks that share one reading of the ground. A build that dies leaves the pyramid in place as it was.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
import shapely
from rasterio.errors import RasterioError

from cim.dem_flaws import DemFlaw
from cim.errors import BadInput
from cim.geoid import Geoid
from cim.types import IntArray, Progress, silent
from tilesets import folder_swap as files
from tilesets.crew import Crew
from tilesets.terrain import block, manifest
from tilesets.terrain.block import Job, Written
from tilesets.terrain.dem import Dem, DemSource, prepare
from tilesets.terrain.grid import QUADS, Coverage, blocks, level_for, pyramid, ranges
from tilesets.terrain.manifest import Level, Manifest
from tilesets.terrain.plan import LevelPlan, blank, carry, plan
from tilesets.terrain.surface import build_surface
from tilesets.terrain.water import Waters

__all__ = ["DemFlaw", "DemSource", "TerrainReport", "build_terrain"]

FORMAT = "3"
"""Raised when the same DEMs would give other tiles, so that an old pyramid is not taken for a new one."""
BLOCK = 8
ONE_PROCESS = 2000
"""Below so many tiles (three seconds of one core) starting workers costs more than it saves."""


@dataclass(frozen=True, slots=True)
class TerrainReport:
    """What a build made. tiles: how many at each level; version: of the content; flaws: what in the DEMs was no ground;
    rewritten: tiles that were not carried over from the pyramid in place."""

    tiles: tuple[int, ...]
    version: str
    bounds: tuple[float, float, float, float]
    bytes: int
    flaws: tuple[DemFlaw, ...] = ()
    rewritten: int = 0
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
    water: Sequence[Any] = (),
) -> TerrainReport:
    """Build the pyramid of these DEMs into the folder `out`, reusing what the pyramid there has already.

    dems: heights in the city's height system, any CRS PROJ knows; the finest wins, and fades into the coarser over
    32 of its pixels. city_crs: recorded beside the tiles. fingerprint: of the DEMs' content; where it equals that of
    the pyramid in place, nothing is done. water: shapely polygons, lon/lat; with any, tiles carry a water mask.
    progress counts tiles. The same input gives the same bytes, whatever stood there before and however many workers.
    Raises BadInput without DEMs; BadSource, MissingCrs; CimError when workers keep dying.
    """
    if not dems:
        raise BadInput("no DEM: expected at least one raster of heights")
    out, waters = Path(out), Waters.of(water)
    stamp = None if fingerprint is None else _stamp(dems, city_crs, geoid, waters, fingerprint)
    files.recover(out)
    note = files.read_report(out)
    if stamp is not None and note is not None and note.get("stamp") == stamp:
        return _report(note)
    old = manifest.read(out)
    with files.beside(out) as folder, files.beside(out) as scratch, _crew(scratch, workers) as crew:
        if old is None and sum(_tiles_of(dem) for dem in dems) >= ONE_PROCESS:
            crew.wake()
        prepared = [prepare(source, scratch, f"dem{n}") for n, source in enumerate(dems)]
        coverages = [Coverage(dem.outline, level_for(dem.pixel_m, dem.latitude)) for dem in prepared]
        job = Job(build_surface(prepared), geoid, folder, waters)
        plans = plan(job.surface, geoid, waters, pyramid(coverages), _maker(), old)
        if old is not None:
            plans = carry(plans, old, out, folder)
        fresh = sum(int(level.fresh.sum()) for level in plans)
        block.leave(job, scratch)
        with _crew(scratch, 1) if fresh < ONE_PROCESS else nullcontext(crew) as those:
            made = _write(those, plans, old, progress)
        report = _report_of(prepared, plans, made)
        _put(folder / "layer.json", _layer_json(plans, report, attribution, geoid, waters))
        _put(folder / files.REPORT, _note(report, stamp, city_crs, geoid))
        manifest.save(made, folder / manifest.NAME)
        files.swap(folder, out)
    return report


def _report_of(prepared: list[Dem], plans: list[LevelPlan], made: Manifest) -> TerrainReport:
    west, south, east, north = shapely.total_bounds([dem.outline for dem in prepared]).round(7).tolist()
    return TerrainReport(
        tiles=tuple(len(level.tiles) for level in made.levels),
        version=_version(made),
        bounds=(west, south, east, north),
        bytes=sum(int(level.sizes.sum()) for level in made.levels),
        flaws=tuple(flaw for dem in prepared for flaw in dem.flaws),
        rewritten=sum(int(level.fresh.sum()) for level in plans),
    )


def _stamp(dems: Sequence[DemSource], city_crs: str, geoid: Geoid, waters: Waters | None, fingerprint: str) -> str:
    spikes = [dem.spike_m for dem in dems]
    wet = None if waters is None else f"{waters.mark:016x}"
    return f"{FORMAT}:{city_crs}:{geoid.approximate}:{spikes}:{wet}:{fingerprint}"


def _maker() -> str:
    """What besides the inputs makes the bytes: this program and the libraries whose roundings it takes over."""
    return f"{FORMAT}:{np.__version__}:{pyproj.proj_version_str}:{zlib.ZLIB_RUNTIME_VERSION}"


def _version(made: Manifest) -> str:
    digest = hashlib.sha256()
    for level in made.levels:
        digest.update(level.tiles.tobytes() + level.digests.tobytes())
    return digest.hexdigest()[:12]


def _note(report: TerrainReport, stamp: str | None, city_crs: str, geoid: Geoid) -> dict[str, Any]:
    """The report as it lies beside the tiles: nothing in it tells what stood there before."""
    content = asdict(report)
    del content["rewritten"], content["unchanged"]
    return {**content, "stamp": stamp, "city_crs": city_crs, "geoid": geoid.approximate}


def _report(note: dict[str, Any]) -> TerrainReport:
    flaws = tuple(DemFlaw(f["dem"], f["code"], f["pixels"], tuple(f["box"])) for f in note["flaws"])
    tiles, bounds = tuple(note["tiles"]), tuple(note["bounds"])
    return TerrainReport(tiles, note["version"], bounds, note["bytes"], flaws, unchanged=True)


def _layer_json(
    plans: list[LevelPlan], report: TerrainReport, attribution: str, geoid: Geoid, waters: Waters | None
) -> dict[str, Any]:
    """The layer's description. Tiles keep their addresses: a client asks again by ETag, and gets only what changed."""
    return {
        "tilejson": "2.1.0",
        "name": "terrain",
        "description": f"Ground heights over the WGS 84 ellipsoid. {geoid.approximate}",
        "version": f"1.0.0-{report.version}",
        "format": "quantized-mesh-1.0",
        "attribution": attribution,
        "scheme": "tms",
        "projection": "EPSG:4326",
        "extensions": ["octvertexnormals"] if waters is None else ["octvertexnormals", "watermask"],
        "tiles": ["{z}/{x}/{y}.terrain"],
        "minzoom": 0,
        "maxzoom": len(plans) - 1,
        "bounds": list(report.bounds),
        "available": [ranges(level.tiles) for level in plans],
    }


def _tiles_of(dem: DemSource) -> float:
    """About how many tiles a DEM makes; 0 where it cannot be read, which is told later."""
    try:
        with rasterio.open(dem.path) as dataset:
            return float(dataset.width * dataset.height / QUADS**2)
    except RasterioError:
        return 0.0


def _put(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")


def _crew(scratch: Path, workers: int) -> Crew[block.Task, Written]:
    return Crew(partial(block.hired, scratch), workers)


def _write(
    crew: Crew[block.Task, Written], plans: list[LevelPlan], old: Manifest | None, progress: Progress
) -> Manifest:
    """Write the tiles that do not stand yet; the manifest of all."""
    total, fresh = sum(len(p.tiles) for p in plans), sum(int(p.fresh.sum()) for p in plans)
    done = total - fresh
    if done:
        progress(done, total, "terrain tiles carried over")
    levels: list[Level] = []
    for level in plans:
        entry, rows = blank(level, old), _rows(level)
        tasks = [block.Task(level.level, level.scale, level.tiles[row]) for row in rows]
        for row, made in zip(rows, crew.in_order(tasks), strict=True):
            entry.digests[row], entry.sizes[row], entry.parts[row] = made.digests, made.sizes, made.parts
            done += len(row)
            progress(done, total, f"terrain level {level.level}")
        levels.append(entry)
    return Manifest(tuple(levels))


def _rows(level: LevelPlan) -> list[IntArray]:
    """The tiles to be written, by their rows, in blocks."""
    place = {tuple(tile): row for row, tile in enumerate(level.tiles.tolist())}
    return [
        np.array([place[tuple(tile)] for tile in group.tolist()], np.int64)
        for group in blocks(level.tiles[level.fresh], BLOCK)
    ]
