"""Line `cog.warp`: an orthophoto in the city's frame, warped to the web's map as a COG; gdal_translate is the rival."""

from tests.bench import cogs
from tests.bench.line import Line

LINE = Line(
    name="cog.warp",
    unit="MB/s",
    what="orthophoto of 1 GB in EPSG:4547 -> layer: JPEG COG with mask and overviews on the map's own tiles",
    measure=cogs.measured("EPSG:4547", onto_map=True),
)
