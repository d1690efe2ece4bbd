"""Lines with heights: pipes keep them from the file to the door, whatever they come from; a change of depth is a change."""

import itertools
import json

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from cim import crs as frames
from cim.errors import BadInput
from cim.geoid import Geoid
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import features, history
from cim.twin import Twin
from cim.types import silent
from loaders import pipeline
from loaders.retry import retry
from loaders.rollback import rollback

pytestmark = pytest.mark.db

X, Y = 439_000.0, 4_440_000.0


def pipe(key, z=None, **columns):
    """A straight pipe of 100 m with three vertices, the middle one a quarter along."""
    row = int(key[1:])
    at = [[X, Y + 10 * row], [X + 25, Y + 10 * row], [X + 100, Y + 10 * row]]
    lonlat = frames.transform(np.array(at), "EPSG:4547", frames.LONLAT).round(9).tolist()
    if z is not None:
        lonlat = [[*p, h] for p, h in zip(lonlat, z, strict=True)]
    shape = {"type": "LineString", "coordinates": lonlat}
    return {"type": "Feature", "properties": {"id": key, "kind": "给水", **columns}, "geometry": shape}


def load(database, city, path, pipes=None, name="pipes", layer="pipes", geoid=None, **stated):
    if pipes is not None:
        path.write_text(json.dumps({"type": "FeatureCollection", "features": pipes}))
        stated = {"crs": "EPSG:4326", **stated}
    named = NamedSource(name, Source(str(path), layer, **stated))
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__, geoid=geoid)


def heights(database, **asked):
    with database.begin() as connection:
        found = features.items(connection, "pipes", **asked)
    return {
        f["properties"]["id"]: (f["properties"]["height_basis"], [p[2:] for p in f["geometry"]["coordinates"]])
        for f in found
    }


@pytest.fixture
def slope(database, city, tmp_path):
    """A loaded ground that rises 1 m over 100 m to the east, 1040 m at X."""
    path = tmp_path / "dem.tif"
    east = X - 500.0 + 10.0 * (np.arange(200) + 0.5)
    values = np.tile(1040.0 + (east - X) / 100.0, (100, 1)).astype(np.float32)
    shape = {"driver": "GTiff", "width": 200, "height": 100, "count": 1, "dtype": "float32", "crs": "EPSG:4547"}
    with rasterio.open(path, "w", transform=from_origin(X - 500.0, Y + 500.0, 10.0, 10.0), **shape) as target:
        target.write(values, 1)
    load(database, city, path, name="dem", layer="dem")


def test_heights_come_from_vertices_from_ends_or_from_depths_below_the_ground(database, city, tmp_path, slope):
    depths = {"start_depth_m": 2.0, "end_depth_m": 3.0}
    pipes = [
        pipe("p0", [1038.0, 1037.5, 1037.0], **depths),
        pipe("p1", start_elevation_m=1038.0, end_elevation_m=1034.0),
        pipe("p2", **depths),
        pipe("p3", start_elevation_m=1038.0, end_depth_m=3.0),
        pipe("p4", [0.0, 0.0, 0.0]),
    ]
    report = load(database, city, tmp_path / "a.geojson", pipes)
    assert (report.accepted, report.codes) == (5, {"height_unknown": 1})
    found = heights(database)
    assert found["p0"] == ("vertices", [[1038.0], [1037.5], [1037.0]])
    assert found["p1"][0] == "ends"
    assert np.allclose(np.ravel(found["p1"][1]), [1038.0, 1037.0, 1034.0], atol=1e-4)
    assert found["p2"][0] == found["p3"][0] == "depths"
    # 1040 - 2 at its beginning, 1041 - 3 at its end: level although the ground rises
    assert np.allclose(np.ravel(found["p2"][1]), [1038.0, 1038.0, 1038.0], atol=2e-3)
    assert np.allclose(np.ravel(found["p3"][1]), 1038.0, atol=2e-3)
    assert found["p4"] == ("unknown", [[], [], []])


def test_without_a_ground_a_depth_raises_nothing_and_a_new_ground_makes_the_same_file_come_in_again(
    database, city, tmp_path, request
):
    pipes = [pipe("p0", start_depth_m=2.0, end_depth_m=2.0)]
    load(database, city, tmp_path / "a.geojson", pipes)
    assert heights(database)["p0"][0] == "unknown"
    assert load(database, city, tmp_path / "a.geojson", pipes).unchanged
    request.getfixturevalue("slope")
    assert load(database, city, tmp_path / "a.geojson", pipes).changes == {"moved": 1}
    assert heights(database)["p0"][0] == "depths"


def test_a_change_of_depth_is_a_change_that_can_be_seen_and_taken_back(database, city, tmp_path):
    path = tmp_path / "a.geojson"
    first = load(database, city, path, [pipe("p0", [1038.0] * 3), pipe("p1", [1030.0] * 3)])
    second = load(database, city, path, [pipe("p0", [1037.0] * 3), pipe("p1", [1030.0] * 3)])
    assert second.changes == {"moved": 1, "unchanged": 1}
    with database.begin() as connection:
        diff = history.diff(connection, first.version, second.version)
        assert diff.counts == {"added": 0, "removed": 0, "moved": 1, "changed": 0}
        shown = next(iter(diff.features))
    assert [p[2] for p in shown["geometry"]["coordinates"]] == [1037.0] * 3
    rollback(database, "pipes", first.version)
    assert heights(database)["p0"] == ("vertices", [[1038.0]] * 3)


def test_what_changed_in_the_world_on_a_day_keeps_its_heights_of_before(database, city, tmp_path):
    path = tmp_path / "a.geojson"
    load(database, city, path, [pipe("p0", [1038.0] * 3)], valid_from="2020-01-01")
    load(database, city, path, [pipe("p0", [1037.0] * 3)], valid_from="2024-01-01")
    from_then = {when: heights(database, at=f"{when}-06-01T00:00:00+08:00")["p0"][1][0] for when in (2021, 2025)}
    assert from_then == {2021: [1038.0], 2025: [1037.0]}


def test_ellipsoidal_heights_become_the_citys_and_the_door_gives_either(database, city, tmp_path):
    geoid = Geoid.constant(-15.5)
    pipes = [pipe("p0", [1022.5] * 3), pipe("p1", start_elevation_m=1022.5, end_elevation_m=1020.5)]
    load(database, city, tmp_path / "a.geojson", pipes, geoid=geoid, heights="ellipsoidal")
    assert np.allclose([p[0] for p in heights(database)["p0"][1]], 1038.0)
    assert np.allclose([p[0] for p in heights(database)["p1"][1]], [1038.0, 1037.5, 1036.0])
    assert [p[0] for p in heights(database, geoid=geoid)["p0"][1]] == [1022.5] * 3


def test_analysts_get_lines_with_heights_in_the_city_frame(database, city, tmp_path):
    load(database, city, tmp_path / "a.geojson", [pipe("p0", [1038.0, 1037.0, 1036.0]), pipe("p1")])
    frame = Twin(database, city, tmp_path).read("pipes").set_index("id")
    found = shapely.get_coordinates(frame.geometry["p0"], include_z=True)
    assert np.allclose(found, [[X, Y, 1038.0], [X + 25, Y, 1037.0], [X + 100, Y, 1036.0]], atol=1e-2)
    assert not frame.geometry["p1"].has_z


def test_layers_without_features_are_no_empty_frames_and_no_sensors_are_one(database, city, tmp_path):
    twin = Twin(database, city, tmp_path)
    for layer, instead in (("vehicles", "sensors"), ("stations", "sensors"), ("dem", "ground")):
        with pytest.raises(BadInput, match=rf"layer {layer} .*twin\.{instead}\(\)"):
            twin.read(layer)
    found = twin.sensors()
    assert (len(found), found.crs, "thing_name" in found) == (0, frames.LONLAT, True)


def test_a_pipe_let_in_from_quarantine_is_raised_too(database, city, tmp_path, slope):
    path = tmp_path / "a.geojson"
    pipes = [pipe(f"p{k}", start_depth_m=2.0, end_depth_m=2.0) for k in range(5)]
    pipes.append(pipe("p9", start_depth_m=1.0, end_depth_m=2.0))
    pipes[5]["properties"].pop("kind")
    report = load(database, city, path, pipes)
    assert report.rejected == 1
    named = NamedSource("pipes", Source(str(path), "pipes", crs="EPSG:4326", constants={"kind": "gas"}))
    retry(database, named, city, silent, itertools.count().__next__)
    assert heights(database)["p9"][0] == "depths"
