"""GDAL's virtual rasters, which are refused: they hold no pixels, only the way to other files, on any disk or host."""

from collections.abc import Iterator
from dataclasses import dataclass

from cim.errors import BadSource
from cim.plugins import Raster, Source


@dataclass(frozen=True, slots=True)
class Vrt:
    """The format, known in order to say why it is not read."""

    name: str = "vrt"

    def sniff(self, head: bytes, name: str) -> bool:
        """By its root element."""
        return head.lstrip().startswith(b"<VRTDataset")

    def read(self, source: Source, after: int = 0) -> Iterator[Raster]:
        """Raises BadSource, always."""
        raise BadSource(
            f"{source.location}: a virtual raster only points at other files; "
            "name those as one delivery instead, with a pattern such as sheets/*.tif"
        )


SOURCE = Vrt()
