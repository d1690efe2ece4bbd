"""Imagery layers: pictures of any sharpness built into a folder of COGs, and their tiles, the sharpest first."""

import hashlib
import io
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from PIL import Image
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader

from cim.errors import BadInput, BadSource, Unavailable, Unknown
from cim.raster import steps_inside
from cim.types import Progress, silent
from tilesets import folder_swap
from tilesets.imagery.cog import TILE_PX, Cog
from tilesets.imagery.mosaic import Mosaic, Picture, write_mosaic

FORMAT = "1"
LAYER = "layer.json"
JPEG, PNG = "image/jpeg", "image/png"
_RIM_PX = 2
"""So many pixels along a picture's edge are left to the one beneath: JPEG smears the void into them."""
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ImageryReport:
    """What a build made: files, bytes and the deepest zoom."""

    name: str
    files: int
    bytes: int
    maxzoom: int
    version: str
    unchanged: bool = False


def build_imagery(
    sources: Sequence[Picture | Mosaic],
    out: Path,
    name: str,
    progress: Progress = silent,
    *,
    title: str = "",
    title_en: str = "",
    fingerprint: str | None = None,
) -> ImageryReport:
    """Build the layer `name` in the folder out/name: one web Mercator COG a source (of a mosaic one a zoom), and layer.json
    that orders them.

    So a small sharp picture in a large coarse one costs what it shows. fingerprint: of the sources' content; where it
    equals that of the layer in place, nothing is done. Raises BadInput without sources, BadSource, MissingCrs.
    """
    if not sources:
        raise BadInput(f"layer {name}: no picture; expected at least one")

    def write(folder: Path) -> list[tuple[str, Cog]]:
        done: list[tuple[str, Cog]] = []
        for n, source in enumerate(sources):
            mosaic = source if isinstance(source, Mosaic) else Mosaic((source,))
            progress(n, len(sources), f"imagery {name}: {mosaic.pictures[0].path.name}")
            done += write_mosaic(mosaic, folder, str(n))
        progress(len(sources), len(sources), f"imagery {name}")
        return done

    return publish(write, out, name, title, title_en, fingerprint)


def publish(
    write: Callable[[Path], list[tuple[str, Cog]]],
    out: Path,
    name: str,
    title: str,
    title_en: str,
    fingerprint: str | None,
) -> ImageryReport:
    """Let `write` fill a folder with COGs, describe them, and swap it in as out/name, unless nothing has changed."""
    target = Path(out) / name
    folder_swap.recover(target)
    stamp = None if fingerprint is None else f"{FORMAT}:{fingerprint}"
    old = folder_swap.read_report(target)
    if stamp is not None and old is not None and old.get("stamp") == stamp:
        return ImageryReport(name, old["files"], old["bytes"], old["maxzoom"], old["version"], unchanged=True)
    with folder_swap.beside(target) as folder:
        parts = sorted(write(folder), key=lambda part: -part[1].zoom)
        boxes = np.array([cog.bbox for _, cog in parts])
        size, digest = 0, hashlib.sha256()
        for file, _ in parts:
            data = folder / file
            size += data.stat().st_size
            with data.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        layer = {
            "name": name,
            "title": title or name,
            "title_en": title_en or title or name,
            "bbox": [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()],
            "minzoom": 0,
            "maxzoom": parts[0][1].zoom,
            "version": digest.hexdigest()[:12],
            "files": [{"file": file, "zoom": cog.zoom, "bbox": list(cog.bbox)} for file, cog in parts],
        }
        report = ImageryReport(name, len(parts), size, parts[0][1].zoom, digest.hexdigest()[:12])
        note = {**asdict(report), "stamp": stamp}
        (folder / LAYER).write_text(json.dumps(layer, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / folder_swap.REPORT).write_text(json.dumps(note) + "\n", encoding="utf-8")
        folder_swap.swap(folder, target)
    return report


@dataclass(frozen=True, slots=True)
class Tile:
    """An encoded picture of one map tile."""

    data: bytes
    media_type: str


@dataclass(slots=True, eq=False)
class ImageryLayer:
    """A built layer, read by any number of threads; each opens its own datasets once, and again after a rebuild."""

    folder: Path
    name: str
    title: str
    title_en: str
    bbox: tuple[float, float, float, float]
    minzoom: int
    maxzoom: int
    version: str
    _local: threading.local = field(default_factory=threading.local)

    @classmethod
    def open(cls, folder: Path) -> "ImageryLayer":
        """The layer in a folder. Raises Unavailable where none was built yet, BadSource if it is broken."""
        layer = _describe(folder)
        try:
            west, south, east, north = layer["bbox"]
            return cls(
                folder=folder,
                name=layer["name"],
                title=layer["title"],
                title_en=layer["title_en"],
                bbox=(west, south, east, north),
                minzoom=layer["minzoom"],
                maxzoom=layer["maxzoom"],
                version=layer["version"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadSource(f"{folder / LAYER}: not an imagery layer: {error}") from error

    def tile(self, z: int, x: int, y: int) -> Tile:
        """The web Mercator tile (256 px, y from the north): JPEG where it is covered whole, else PNG with alpha.

        The coarsest picture that is sharp enough for the zoom wins, then the sharper, then the coarser fill what it
        leaves. Outside all of them: a transparent PNG.
        Raises Unknown for a tile that the map does not have or a zoom the layer does not go to.
        """
        if not (self.minzoom <= z <= self.maxzoom and 0 <= x < 2**z and 0 <= y < 2**z):
            raise Unknown(f"imagery {self.name}: no tile {z}/{x}/{y}; zooms {self.minzoom} to {self.maxzoom} exist")
        pixels: Pixels | None = None
        mask = np.zeros((TILE_PX, TILE_PX), dtype=bool)
        for reader in _ranked(self._readers(), z):
            part = _read(reader, z, x, y, self.name)
            if part is None:
                continue
            fresh = part[1] & ~mask
            pixels = part[0] if pixels is None else _lay(pixels, part[0], fresh)
            mask |= part[1]
            if mask.all():
                break
        if pixels is None or not mask.any():
            return Tile(_EMPTY, PNG)
        return _encode(pixels, mask)

    def _readers(self) -> list[tuple[int, Reader]]:
        """This thread's open files with their zooms, sharpest first; opened anew when the layer was rebuilt."""
        try:
            held = (self.folder / LAYER).stat()
        except OSError as error:
            raise Unavailable(f"imagery {self.name}: {self.folder} is gone; build it again") from error
        mark = (held.st_ino, held.st_mtime_ns)
        if getattr(self._local, "mark", None) != mark:
            opened: list[DatasetReader] = getattr(self._local, "datasets", [])
            for dataset in opened:
                dataset.close()
            files = _describe(self.folder)["files"]
            self._local.datasets = [rasterio.open(self.folder / part["file"]) for part in files]
            zooms = [int(part["zoom"]) for part in files]
            readers = [Reader(None, dataset=dataset) for dataset in self._local.datasets]
            self._local.readers, self._local.mark = list(zip(zooms, readers, strict=True)), mark
        kept: list[tuple[int, Reader]] = self._local.readers
        return kept


def _ranked(readers: list[tuple[int, Reader]], z: int) -> list[Reader]:
    """The coarsest of those at least as sharp as the zoom, then sharper ones, then coarser ones."""
    enough = [reader for zoom, reader in reversed(readers) if zoom >= z]
    return enough + [reader for zoom, reader in readers if zoom < z]


def _describe(folder: Path) -> dict[str, Any]:
    try:
        layer: dict[str, Any] = json.loads((folder / LAYER).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Unavailable(f"{folder}: no imagery is built there yet; build it first") from error
    except ValueError as error:
        raise BadSource(f"{folder / LAYER}: not an imagery layer: {error}") from error
    return layer


def _read(reader: Reader, z: int, x: int, y: int, name: str) -> tuple[Pixels, npt.NDArray[np.bool_]] | None:
    try:
        image = reader.tile(x, y, z, tilesize=TILE_PX, resampling_method="bilinear")
    except TileOutsideBounds:
        return None
    except RasterioError as error:
        raise BadSource(f"imagery {name}: tile {z}/{x}/{y} cannot be read: {error}") from error
    mask = image.mask > 127
    if not mask.all():
        mask = steps_inside(mask, _RIM_PX + 1) > _RIM_PX
    return image.data.astype(np.uint8, copy=False), mask


def _lay(top: Pixels, under: Pixels, where: npt.NDArray[np.bool_]) -> Pixels:
    """`top` with `under` in the pixels that are still free; gray becomes colour where the two differ."""
    bands = max(len(top), len(under))
    top, under = (np.broadcast_to(p, (bands, *p.shape[1:])) if len(p) < bands else p for p in (top, under))
    return np.where(where, under, top)


def _encode(pixels: Pixels, mask: npt.NDArray[np.bool_]) -> Tile:
    stream = io.BytesIO()
    bands = np.moveaxis(pixels, 0, -1)
    if mask.all():
        Image.fromarray(np.ascontiguousarray(bands[..., 0] if len(pixels) == 1 else bands)).save(
            stream, "JPEG", quality=85
        )
        return Tile(stream.getvalue(), JPEG)
    alpha = np.where(mask, np.uint8(255), np.uint8(0))[..., None]
    Image.fromarray(np.concatenate([np.where(mask[..., None], bands, 0), alpha], axis=-1)).save(
        stream, "PNG", compress_level=3
    )
    return Tile(stream.getvalue(), PNG)


def _empty() -> bytes:
    stream = io.BytesIO()
    Image.new("LA", (TILE_PX, TILE_PX), (0, 0)).save(stream, "PNG", optimize=True)
    return stream.getvalue()


_EMPTY = _empty()
