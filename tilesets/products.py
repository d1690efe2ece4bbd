"""The products made from the store: terrain, imagery, the city, its greens; each knows when its inputs have changed."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely

from cim import file_parts
from cim.city import City
from cim.errors import BadInput, BadSource
from cim.geoid import Geoid
from cim.layers import LAYERS
from cim.store import catalogue, features
from cim.store.catalogue import Version
from cim.store.db import Database
from cim.store.geoid import open_geoid
from cim.types import Progress
from tilesets.city import clearing
from tilesets.city import refresh as cities
from tilesets.city.refresh import Yard
from tilesets.crew import processors
from tilesets.greens import refresh as greens
from tilesets.imagery.layer import ImageryReport, build_imagery
from tilesets.imagery.mosaic import Mosaic, Picture
from tilesets.imagery.relief import build_reliefs
from tilesets.terrain.build import DemSource, build_terrain

NAMES = ("terrain", "imagery", "city", "greens")
Stage = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every product needs: the store, the city, the data folder, the geoid, and how to tell of progress."""

    database: Database
    city: City
    data: Path
    geoid: Geoid
    progress: Progress
    stage: Stage
    how: "How"


@dataclass(frozen=True, slots=True)
class How:
    """How to build. changed: only bring up to date what was built before. again: try the buildings that were left out once
    more. whole: make the city anew, whatever is held of it. workers, cluster: see `tilesets.city.Yard`.
    """

    changed: bool = False
    again: bool = False
    whole: bool = False
    workers: int = field(default_factory=processors)
    cluster: str | None = None


def refresh(
    database: Database,
    city: City,
    data: Path,
    progress: Progress,
    stage: Stage,
    only: Sequence[str] = (),
    how: How = How(),
) -> None:
    """Build the products (or those named) whose inputs have changed since they were built.

    Raises BadInput for a name that is no product or has nothing to be made from, BadSource when a loaded raster has gone
    or changed since.
    """
    unknown = sorted(set(only) - set(NAMES))
    if unknown:
        raise BadInput(f"no product named {', '.join(unknown)}; known: {', '.join(NAMES)}")
    workshop = Workshop(database, city, data, open_geoid(city), progress, stage, how)
    with database.begin() as connection:
        dems = catalogue.published(connection, layer="dem")
        photos = catalogue.published(connection, layer="orthophoto")
    is_grounded = bool(dems) or (data / "terrain" / "layer.json").is_file()
    if (not dems and "terrain" in only) or (not is_grounded and {"city", "greens"} & set(only)):
        raise BadInput(f"{' and '.join(only)}: no elevation model is loaded; load a source of layer dem first")
    if not is_grounded and not only:
        with stage("terrain, city and greens left out: no elevation model is loaded (a source of layer dem)"):
            pass

    def is_due(product: str, place: str) -> bool:
        return (not only or product in only) and (not how.changed or (data / place).exists())

    if dems and is_due("terrain", "terrain/layer.json"):
        _terrain(workshop, dems)
    if (photos or dems) and is_due("imagery", "imagery"):
        _imagery(workshop, photos, dems)
    if is_grounded and is_due("city", "tiles/city/tileset.json"):
        _city(workshop)
    if is_grounded and is_due("greens", "tiles/greens/tileset.json"):
        _greens(workshop)


def _terrain(shop: Workshop, dems: Sequence[Version]) -> None:
    with shop.stage("terrain"):
        with shop.database.begin() as connection:
            pages = features.pages(connection, "water")
            water = [shapely.geometry.shape(one["geometry"]) for page in pages for one in page]
        report = build_terrain(
            [source for dem in dems for source in _dems(dem)],
            shop.data / "terrain",
            shop.city.crs,
            shop.geoid,
            shop.progress,
            workers=shop.how.workers,
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
            pictures = [_mosaic(photo) for photo in photos]
            titles = {"title": LAYERS["orthophoto"].title, "title_en": LAYERS["orthophoto"].title_en}
            stamp = _inputs(photos)
            made.append(build_imagery(pictures, folder, "orthophoto", shop.progress, **titles, fingerprint=stamp))
        if dems:
            sources = [source for dem in dems for source in _dems(dem)]
            stamp = _inputs(dems)
            made += build_reliefs(sources, folder, progress=shop.progress, fingerprint=stamp)
        shop.progress(len(made), len(made), "layers" + (", unchanged" if all(m.unchanged for m in made) else ""))


def _city(shop: Workshop) -> None:
    """The city tileset: from every current body, on the ground that is served; then what nobody names is cleared."""
    how = shop.how
    yard = Yard(shop.database, shop.city, shop.data, shop.geoid, how.workers, how.cluster, shop.progress)
    with shop.stage("city"):
        found = cities.refresh(yard, again=how.again, whole=how.whole)
        report = found.report
        unchanged = ", unchanged" if not found.units and not found.is_new else ""
        told = f"buildings, {report.tiles:,} tiles, {report.rejected:,} left out, {found.units:,} units made{unchanged}"
        shop.progress(report.buildings, report.read, told)
    cleared = clearing.clear(yard.sink.folder, time.time())
    if cleared.stopped:
        with shop.stage(f"old tiles are not cleared: {cleared.stopped}"):
            pass


def _greens(shop: Workshop) -> None:
    """Trees and street furniture, where any are loaded, on the ground that is served."""
    yard = Yard(shop.database, shop.city, shop.data, shop.geoid, progress=shop.progress)
    if not greens.has_something(yard):
        return
    with shop.stage("greens"):
        found = greens.refresh(yard)
        unchanged = ", unchanged" if not found.units and not found.is_new else ""
        words = "".join(f", {count:,} {word}" for word, count in found.left_out.words.items())
        lost = found.left_out.count
        told = f"trees and furniture, {found.tiles:,} tiles, {lost:,} left out{words}, {found.units:,} units made"
        shop.progress(found.drawn, found.drawn + lost, told + unchanged)


def _mosaic(version: Version) -> Mosaic:
    """The sheets of an orthophoto as one picture."""
    sheets = tuple(Picture(_present(version, part), str(part["crs"])) for part in _parts(version))
    stretch = (version.raster or {}).get("stretch")
    return Mosaic(sheets, None if stretch is None else (float(stretch[0]), float(stretch[1])))


def _dems(version: Version) -> list[DemSource]:
    return [DemSource(_present(version, part), str(part["crs"])) for part in _parts(version)]


def _parts(version: Version) -> list[dict[str, Any]]:
    """The rasters that a version consists of; what was loaded before there were several is one."""
    note = version.raster or {}
    return note.get("parts") or [{**note, "crs": version.crs, "checksum": version.checksum}]


def _inputs(versions: Sequence[Version]) -> str:
    """A fingerprint of loaded rasters: their bytes and what was stated of them."""
    parts = [[[part.get("checksum"), part["crs"]] for part in _parts(version)] for version in versions]
    return _digest([parts, [(version.raster or {}).get("stretch") for version in versions]])


def _present(version: Version, part: dict[str, Any]) -> Path:
    """The file of a loaded raster. Raises BadSource when it has gone, or is no longer the one that was loaded."""
    path = Path(str(part["path"]))
    if not path.is_file():
        raise BadSource(f"{path}: loaded as {version.dataset}, but the file has gone; put it back, or load another")
    as_noted = file_parts.state(file_parts.parts(path)) == (part.get("size"), part.get("mtime_ns"))
    if not as_noted and not file_parts.is_still(path, str(part.get("checksum"))):
        raise BadSource(f"{path}: changed since it was loaded as {version.dataset}; run `cim load {version.dataset}`")
    return path


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
