"""Line `cog.rate`: an orthophoto that lies on the web's map already to a COG with overviews, beside gdal_translate."""

from tests.bench import cogs
from tests.bench.line import Line

LINE = Line(
    name="cog.rate",
    unit="MB/s",
    what="orthophoto of 1 GB in EPSG:3857 -> layer: JPEG COG with overviews",
    measure=cogs.measured("EPSG:3857", onto_map=False),
)
