"""The products made from the store: terrain, imagery, the city tileset; each knows when its inputs have changed."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from cim.city import City
from cim.errors import BadInput, BadSource
from cim.geoid import Geoid
from cim.layers import LAYERS
from cim.store import bodies, bus, catalogue, features
from cim.store.catalogue import Version
from cim.store.db import Database
from cim.store.geoid import open_geoid
from cim.types import Progress
from tilesets.build import BuildReport, build_city
from tilesets.imagery.hillshade import build_hillshade
from tilesets.imagery.layer import ImageryReport, Picture, build_imagery
from tilesets.publish import FolderSink
from tilesets.terrain.build import DemSource, build_terrain
from tilesets.terrain.ground import ServedGround

NAMES = ("terrain", "imagery", "city")
Stage = Callable[[str], AbstractContextManager[None]]

# Part of the city's stamp: raise it when the same rows would now give other tiles.
BUILDER_VERSION = 1


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every product needs: the store, the city, the data folder, the geoid, and how to tell of progress."""

    database: Database
    city: City
    data: Path
    geoid: Geoid
    progress: Progress
    stage: Stage


def refresh(
    database: Database, city: City, data: Path, progress: Progress, stage: Stage, only: Sequence[str] = ()
) -> None:
    """Build the products (or those named) whose inputs have changed since they were built.

    Raises BadInput for a name that is no product or has nothing to be made from, BadSource when a loaded raster has gone
    or changed since.
    """
    unknown = sorted(set(only) - set(NAMES))
    if unknown:
        raise BadInput(f"no product named {', '.join(unknown)}; known: {', '.join(NAMES)}")
    workshop = Workshop(database, city, data, open_geoid(city), progress, stage)
    with database.begin() as connection:
        dems = catalogue.published(connection, layer="dem")
        photos = catalogue.published(connection, layer="orthophoto")
    if not dems and {"terrain", "city"} & set(only):
        raise BadInput(f"{' and '.join(only)}: no elevation model is loaded; load a source of layer dem first")
    if not dems and not only:
        with stage("terrain and city left out: no elevation model is loaded (a source of layer dem)"):
            pass
    if dems and (not only or "terrain" in only):
        _terrain(workshop, dems)
    if (photos or dems) and (not only or "imagery" in only):
        _imagery(workshop, photos, dems)
    if dems and (not only or "city" in only):
        _city(workshop)


def _terrain(shop: Workshop, dems: Sequence[Version]) -> None:
    with shop.stage("terrain"):
        with shop.database.begin() as connection:
            pages = features.pages(connection, "water")
            water = [shapely.geometry.shape(one["geometry"]) for page in pages for one in page]
        report = build_terrain(
            [_dem(dem) for dem in dems],
            shop.data / "terrain",
            shop.city.crs,
            shop.geoid,
            shop.progress,
            workers=os.cpu_count() or 1,
            fingerprint=_inputs(dems),
            water=water,
        )
        done = "unchanged" if report.unchanged else f"tiles, {report.rewritten} of them new"
        filled = sum(flaw.pixels for flaw in report.flaws)
        shop.progress(report.total, report.total, done + (f", {filled} flawed DEM pixels filled" if filled else ""))


def _imagery(shop: Workshop, photos: Sequence[Version], dems: Sequence[Version]) -> None:
    folder = shop.data / "imagery"
    made: list[ImageryReport] = []
    with shop.stage("imagery"):
        if photos:
            pictures = [Picture(_present(photo), photo.crs) for photo in photos]
            titles = {"title": LAYERS["orthophoto"].title, "title_en": LAYERS["orthophoto"].title_en}
            stamp = _inputs(photos)
            made.append(build_imagery(pictures, folder, "orthophoto", shop.progress, **titles, fingerprint=stamp))
        if dems:
            sources = [_dem(dem) for dem in dems]
            stamp = _inputs(dems)
            made.append(build_hillshade(sources, folder, progress=shop.progress, fingerprint=stamp))
        shop.progress(len(made), len(made), "layers" + (", unchanged" if all(m.unchanged for m in made) else ""))


def _city(shop: Workshop) -> None:
    """The city tileset: from every current body, on the ground that is served."""
    stamp_file = shop.data / "tiles" / "city" / "stamp.json"
    ground = ServedGround.open(shop.data / "terrain", shop.city.crs, shop.geoid)
    with shop.database.begin() as connection:
        state = bodies.state(connection)
        loaded = [version.fingerprint for version in catalogue.published(connection, layer="buildings")]
    stamp = _digest(
        [state, loaded, _terrain_version(shop.data), shop.city.crs, shop.geoid.approximate, BUILDER_VERSION]
    )
    with shop.stage("city"):
        if _read(stamp_file).get("stamp") == stamp and (stamp_file.parent / "tileset.json").is_file():
            shop.progress(state.current, state.current, "buildings, unchanged")
            return
        report = build_city(
            bodies.stream(shop.database),
            ground,
            shop.geoid,
            shop.city.crs,
            FolderSink(shop.data / "tiles"),
            shop.progress,
            total=state.current,
        )
        _write_stamp(stamp_file, stamp, report)
        with shop.database.begin() as connection:
            bus.announce(connection, "tile", {"tileset": "city"})
        shop.progress(report.buildings, state.current, f"buildings, {report.tiles} tiles, {report.rejected} left out")


def _write_stamp(path: Path, stamp: str, report: BuildReport) -> None:
    flaws = [{"id": f.id, "code": f.code, "reason": f.message, "repaired": f.repaired} for f in report.flaws]
    note = {"stamp": stamp, "buildings": report.buildings, "tiles": report.tiles, "flaws": flaws}
    beside = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(json.dumps(note, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)


def _dem(version: Version) -> DemSource:
    return DemSource(_present(version), version.crs)


def _inputs(versions: Sequence[Version]) -> str:
    """A fingerprint of loaded rasters: their bytes and what was stated of them."""
    return _digest([[version.checksum, version.crs] for version in versions])


def _present(version: Version) -> Path:
    """The file of a loaded raster. Raises BadSource when it has gone, or is no longer the one that was loaded."""
    note = version.raster or {}
    path = Path(str(note["path"]))
    if not path.is_file():
        raise BadSource(f"{path}: loaded as {version.dataset}, but the file has gone; put it back, or load another")
    stat = path.stat()
    if (stat.st_size, stat.st_mtime_ns) != (note.get("size"), note.get("mtime_ns")):
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != version.checksum:
            raise BadSource(
                f"{path}: changed since it was loaded as {version.dataset}; run `cim load {version.dataset}`"
            )
    return path


def _terrain_version(data: Path) -> str:
    return str(_read(data / "terrain" / "layer.json").get("version", ""))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
