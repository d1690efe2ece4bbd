"""Shapefiles for tests, with attribute tables byte by byte, and what the reader makes of them."""

import struct

import numpy as np
import pandas as pd
import shapely

from cim.plugins import Source
from loaders.sources.shapefile import SHAPEFILE
from tests.vector_files import footprints, shapefile


def read(path, after=0, layer="buildings", **stated):
    return list(SHAPEFILE.read(Source(str(path), layer, **stated), after))


def joined(batches):
    return pd.concat([b.frame for b in batches])


def codes(batches):
    return [(i.code, i.row) for b in batches for i in b.issues]


def damaged(batches):
    return [(r.row, r.codes[0]) for b in batches for r in b.damaged]


def dbf(path, fields, rows, language=0):
    """A .dbf of raw cells. fields: (name, kind, width); rows: a flag and the cells, bytes each."""
    size = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<BBBBIHH17xB2x", 3, 124, 1, 1, len(rows), 33 + 32 * len(fields), size, language)
    for name, kind, width in fields:
        head += struct.pack("<11sc4xBB14x", name, kind, width, 0)
    body = b"".join(
        flag + b"".join(cell.ljust(width) for cell, (_, _, width) in zip(cells, fields, strict=True))
        for flag, *cells in rows
    )
    path.write_bytes(head + b"\r" + body + b"\x1a")


def with_table(folder, fields, rows, language=0, cpg=None):
    """A shapefile of squares with this attribute table."""
    path = shapefile(folder, footprints(len(rows)))
    dbf(path.with_suffix(".dbf"), fields, rows, language)
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def same(shapes, others):
    """Whether they are the same to the last bit; GDAL leaves shells turning clockwise, as the file has them."""
    ours, theirs = np.asarray(shapes, dtype=object), np.asarray(others, dtype=object)
    turned = shapely.orient_polygons(theirs)
    return (shapely.equals_identical(ours, turned) | (shapely.is_missing(ours) & shapely.is_missing(turned))).all()


TEXTS = [(b"id", b"N", 5), (b"name", b"C", 10)]


def named(*texts):
    return [(b" ", str(i).encode(), text) for i, text in enumerate(texts)]
