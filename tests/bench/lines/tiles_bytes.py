"""Line `tiles.bytes`: what a building weighs in the finest models, gzipped; py3dtiles is the rival, gzipped alike."""

from tests.bench import boxes, inspection, workshop
from tests.bench.ground import Ground
from tests.bench.line import Figure, Line

FULL = 200_000


def measure(ground: Ground) -> Figure:
    """Gzipped bytes a building of the finest L2 models, with id, name, height, use, level, lod, source, provenance."""
    count, few = ground.size(FULL), ground.size(boxes.FULL)
    with workshop.loaded(ground, count, hilly=True) as shop:
        shop.cim("build", "city")
        built = inspection.inspect(shop)
        whole = sum(path.stat().st_size for path in (shop.tiles / "c").iterdir())
    ground.note(
        f"  {built.bytes:,} bytes in {built.finest} finest models, the largest {built.largest / 1024:.0f} KiB; "
        f"with all levels and tileset JSONs {whole / count:.1f} bytes a building"
    )
    program = boxes.py3dtiles(ground)
    if program is None:
        return Figure(built.bytes / count)
    with boxes.stored(ground, few) as url:
        theirs = boxes.export(program, url, few)
    ground.note(f"  py3dtiles: {theirs.raw_bytes / few:.0f} bytes a box as it writes them, in {theirs.tiles:,} tiles")
    return Figure(built.bytes / count, "py3dtiles", theirs.gzip_bytes / few)


LINE = Line(
    name="tiles.bytes",
    unit="bytes/building",
    what="gzipped bytes a building in the finest L2 models of 200,000 mixed footprints, one in ten named, all attributes",
    measure=measure,
    at_most=110,
)
