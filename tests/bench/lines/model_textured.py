"""Line `model.textured`: what the textured old town of the sample city weighs as served, and what a first look costs."""

import shutil
import sys
import tempfile
from pathlib import Path

from cim.store.geoid import open_geoid
from tests.bench import camera, readers, tiletree
from tests.bench.ground import CHECKOUT, Ground, city
from tests.bench.line import Figure, Invalid, Line
from tests.bench.program import timed
from tests.bench.serving import serving
from tests.bench.workshop import Workshop
from tests.glb import parse

_SOURCES = ("buildings", "buildings_oldtown", "dem", "dem_core", "orthophoto_oldtown")
_FIRST_VIEW_MB = 4.0
_GROUND_M = 1040.0
"""About the height of the old town's ground (1985 datum): where the camera looks to."""


def measure(ground: Ground) -> Figure:
    """Megabytes (gzip) of all models that have textures.

    Raises Invalid where none has, where the first view of the old town (the viewer's own camera, 16 px) takes more than
    4 MB, and where Khronos' validator finds fault with one of the models.
    """
    data = Path(tempfile.mkdtemp(prefix="cim-bench-oldtown-"))
    try:
        generate = [sys.executable, "-m", "data_samples.generate", str(data / "sample"), "--only", "generated"]
        with ground.database() as url:
            shop = Workshop(url, data, CHECKOUT / "city.toml", 0)
            timed(generate, shop.environment())
            shop.cim("load", *_SOURCES)
            shop.cim("build", "terrain", "imagery")
            ground.settle()
            seconds = shop.cim("build", "city")
            megabytes = _textured(ground, shop)
            ground.note(f"  the city built in {seconds:.1f} s")
            _first_view(ground, shop)
        return Figure(megabytes)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _textured(ground: Ground, shop: Workshop) -> float:
    """The weight of the models with pictures, a few of them judged by the validator."""
    read = tiletree.folder(shop.tiles)
    models = {found.name: read(f"c/{found.name}") for found in tiletree.walk(read) if found.is_finest}
    textured = [name for name, content in models.items() if "images" in parse(content).document]
    if not textured:
        raise Invalid("no model has a texture")
    size = {name: (shop.tiles / "c" / f"{name}.gz").stat().st_size for name in textured}
    largest = sorted(textured, key=lambda name: size[name])[-8:]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in largest]
        for file in files:
            file.write_bytes(models[file.name])
        readers.validate(files)
    whole = sum(size.values()) / 1e6
    ground.note(f"  {len(textured)} textured models, {whole:.3f} MB, the largest {max(size.values()) / 1e6:.3f} MB")
    return whole


def _first_view(ground: Ground, shop: Workshop) -> None:
    lonlat = city().old_town.centre
    undulation = float(open_geoid(city()).undulation([lonlat])[0])
    with serving(shop) as base:
        seen = readers.select(f"{base}/tiles3d/city/tileset.json", camera.old_town(lonlat, _GROUND_M + undulation))
    told = f"{seen.bytes / 1e6:.3f} MB in {seen.requests} requests, {len(seen.drawn)} models drawn"
    ground.note(f"  first view of the old town: {told}")
    for kind, sizes in sorted(_by_kind(tiletree.folder(shop.tiles), seen).items(), key=lambda entry: -sum(entry[1])):
        ground.note(f"    {kind}: {sum(sizes) / 1e3:,.1f} kB in {len(sizes)} requests")
    if seen.bytes > _FIRST_VIEW_MB * 1e6:
        raise Invalid(f"first view of the old town: {told}; at most {_FIRST_VIEW_MB:g} MB")


def _by_kind(read: tiletree.Read, seen: readers.Selection) -> dict[str, list[int]]:
    """Bytes of each request, by what was fetched: blocks, buildings, those with textures, drawn or not."""
    found: dict[str, list[int]] = {}
    for url, size in seen.fetched:
        kind, name = "JSON", url.rsplit("/", 1)[-1]
        if name.endswith(".glb"):
            document = parse(read(f"c/{name}")).document
            (table,) = document["extensions"]["EXT_structural_metadata"]["propertyTables"]
            kind = f"{table['class']}{', textured' if 'images' in document else ''}"
            kind += ", drawn" if url in seen.drawn else ", not drawn"
        found.setdefault(kind, []).append(size)
    return found


LINE = Line(
    name="model.textured",
    unit="MB",
    what="the sample city's old town with roofs from the orthophoto and computed walls, gzip as served; first view <= 4 MB",
    measure=measure,
    at_most=30.0,
)
