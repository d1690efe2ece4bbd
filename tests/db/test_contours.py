"""Contours of a known plane, through the command: where they must lie, whole across squares, and loaded with lineage."""

import argparse
import itertools

import numpy as np
import pytest
import shapely

from api.commands import contours as command
from api.terminal import Terminal
from cim import crs as frames
from cim.errors import BadInput
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import features
from cim.types import silent
from loaders import pipeline
from tests.raster_files import heights, plane, tilted

pytestmark = pytest.mark.db


def run(settings, interval=10.0, step=10.0):
    return command.run(settings, argparse.Namespace(interval=interval, step=step), Terminal())


def test_contours_of_a_plane_are_straight_and_meet_across_squares(database, city, settings, tmp_path):
    with pytest.raises(BadInput, match="no elevation model is loaded"):
        run(settings)
    path = heights(tmp_path / "dem.tif", plane(300, 400))
    source = NamedSource("dem", Source(str(path), "dem"))
    report = pipeline.load(database, source, path, city, silent, itertools.count().__next__)
    assert run(settings) == 0
    with database.begin() as connection:
        found = [one for page in features.pages(connection, "contours") for one in page]
    lines = {}
    for one in found:
        xy = frames.transform(np.array(one["geometry"]["coordinates"]), frames.LONLAT, "EPSG:4547")
        level = one["properties"]["height_m"]
        assert np.abs(tilted(xy[:, 0], xy[:, 1]) - level).max() < 0.01
        assert one["properties"]["kind"] == ("index" if level % 50 == 0 else "intermediate")
        assert one["properties"]["source"].startswith(f"derived from dem version {report.version}, heights every 10 m")
        lines.setdefault(level, []).append(shapely.LineString(xy))
    assert sorted(lines) == [1000.0 + 10 * n for n in range(1, 12)]
    for level, parts in lines.items():
        whole = shapely.line_merge(shapely.union_all(shapely.set_precision(parts, 1e-3)))
        assert whole.geom_type == "LineString", level
    assert max(map(len, lines.values())) > 1  # squares cut them
    with pytest.raises(BadInput, match="not one contour"):
        run(settings, interval=5000.0)
