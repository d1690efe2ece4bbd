"""GeoTIFF rasters (DEM, DSM, orthophoto): held to have room for what they declare, then opened and read through once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader

from cim.errors import BadSource
from cim.plugins import Raster, Source
from loaders.formats import raster_file

_ENTRY_BYTES = 6
"""A block costs at least so much of a TIFF's directory: where it lies (LONG) and its length (SHORT)."""
_SMALL_BYTES = 64 << 20
_MOST_SHRUNK = 30_000
"""No compression makes a large block of anything but one value so much smaller (the project's own default)."""


@dataclass(frozen=True, slots=True)
class GeoTiff:
    """The format. Reading is checking: memory stays near one block row of the file."""

    name: str = "geotiff"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first four bytes."""
        return head[:4] in raster_file.TIFF_MAGIC

    def read(self, source: Source, after: int = 0) -> Iterator[Raster]:
        """The one raster of a file.

        Raises MissingCrs when neither file nor owner states one; BadSource when they disagree, when the file is not
        placed by a transform, is of no sane size, or has a block that cannot be read.
        """
        yield raster_file.read(source, "GTiff", _refuse_hollow)


SOURCE = GeoTiff()


def _refuse_hollow(dataset: DatasetReader, source: Source) -> None:
    """A header that declares what its file has no room for is told apart before anything is allocated for it."""
    held = Path(source.location).stat().st_size
    high, wide = dataset.block_shapes[0]
    planes = 1 if dataset.interleaving is not None and dataset.interleaving.name == "pixel" else dataset.count
    blocks = -(-dataset.height // high) * -(-dataset.width // wide) * planes
    pixel = max(16 if kind.startswith("complex") else np.dtype(kind).itemsize for kind in dataset.dtypes)
    block = high * wide * pixel * (dataset.count if planes == 1 else 1)
    if (blocks > 1 and blocks * _ENTRY_BYTES > held) or (block > _SMALL_BYTES and block > held * _MOST_SHRUNK):
        shape = f"{dataset.width} x {dataset.height} pixels in {blocks:,} blocks"
        raise BadSource(f"{source.location}: declares {shape}, for which its {held:,} bytes have no room; is it whole?")
