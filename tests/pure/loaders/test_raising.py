"""Lines raised while they are checked: what wins, what is told, and lines of layers without heights left as they are."""

import geopandas as gpd
import numpy as np
import shapely

from cim.geoid import Geoid
from cim.layers import LAYERS
from cim.plugins import Batch, Source
from loaders.judging.checks import check

X, Y = 439_000.0, 4_440_000.0


def line(*z):
    xy = [(X, Y), (X + 25.0, Y), (X + 100.0, Y)]
    return shapely.LineString([(*p, h) for p, h in zip(xy, z, strict=True)] if z else xy)


def checked(city, shapes, layer="pipes", heights="1985", geoid=None, ground=None, **columns):
    frame = gpd.GeoDataFrame({"id": [f"p{k}" for k in range(len(shapes))], **columns}, geometry=shapes)
    frame.index = range(1, len(shapes) + 1)
    if layer == "pipes":
        frame["kind"] = "gas"
    source = Source("a.gpkg", layer, heights=heights)
    return check(Batch(frame, "EPSG:4547"), source, LAYERS[layer], city, geoid, ground)


def z(found):
    return [
        None if s is None else shapely.get_coordinates(s, include_z=True)[:, 2].tolist() for s in found.frame["raised"]
    ]


def test_a_missing_vertex_is_filled_between_its_neighbours_and_told(city) -> None:
    found = checked(city, [line(1038.0, np.nan, 1034.0), line(np.nan, 1037.0, 1034.0)])
    assert z(found) == [[1038.0, 1037.0, 1034.0], None]
    assert [(i.code, i.row, i.repaired) for i in found.issues] == [
        ("height_gap", 1, "taken evenly between its neighbours"),
        ("height_unknown", 2, None),
    ]
    assert found.frame["height_basis"].tolist() == ["vertices", "unknown"]


def test_zero_all_along_is_no_height_and_the_ends_are_taken(city) -> None:
    found = checked(city, [line(0.0, 0.0, 0.0)], start_elevation_m=[1040.0], end_elevation_m=[1036.0])
    assert z(found) == [[1040.0, 1039.0, 1036.0]]
    assert found.frame["height_basis"].tolist() == ["ends"]


def test_heights_that_their_file_calls_reckoned_stay_so(city) -> None:
    shapes = [line(1038.0, 1037.0, 1034.0)] * 3
    found = checked(city, shapes, height_basis=["depths", "unknown", None])
    assert found.frame["height_basis"].tolist() == ["depths", "vertices", "vertices"]


def test_zeros_beside_unknown_vertices_are_no_heights_either(city) -> None:
    found = checked(city, [line(0.0, np.nan, 0.0), line(0.0, 0.0, np.nan)])
    assert z(found) == [None, None]
    assert found.frame["height_basis"].tolist() == ["unknown", "unknown"]


def test_the_ground_is_asked_only_for_ends_that_need_it(city) -> None:
    asked = []

    def ground(lonlat):
        asked.append(len(lonlat))
        return np.full(len(lonlat), 1050.0)

    depths = {"start_depth_m": [2.0, 2.0, None], "end_depth_m": [3.0, None, 1.0]}
    found = checked(city, [line(), line(), line()], ground=ground, end_elevation_m=[None, 1046.0, None], **depths)
    assert z(found) == [[1048.0, 1047.75, 1047.0], [1048.0, 1047.5, 1046.0], None]
    assert found.frame["height_basis"].tolist() == ["depths", "depths", "unknown"]
    assert asked == [2, 2]


def test_a_ground_unknown_there_raises_nothing(city) -> None:
    found = checked(
        city, [line()], ground=lambda lonlat: np.full(len(lonlat), np.nan), start_depth_m=[2.0], end_depth_m=[2.0]
    )
    assert z(found) == [None]


def test_ellipsoidal_heights_are_brought_to_the_citys_datum(city) -> None:
    geoid = Geoid.constant(-15.5)
    found = checked(city, [line(1022.5, 1022.0, 1021.5), line()], heights="ellipsoidal", geoid=geoid)
    assert z(found) == [[1038.0, 1037.5, 1037.0], None]
    found = checked(
        city, [line()], heights="ellipsoidal", geoid=geoid, start_elevation_m=[1022.5], end_elevation_m=[1018.5]
    )
    assert z(found) == [[1038.0, 1037.0, 1034.0]]


def test_a_line_set_aside_is_not_raised_and_keeps_its_heights_in_its_record(city) -> None:
    far = shapely.LineString([(0.0, 0.0, 5.0), (1.0, 1.0, 6.0)])
    found = checked(city, [far, line(1.0, 2.0, 3.0)])
    assert z(found) == [[1.0, 2.0, 3.0]]
    assert found.rejected[0].content["geometry"] == "LINESTRING Z (0 0 5, 1 1 6)"


def test_layers_without_heights_stay_flat(city) -> None:
    found = checked(city, [line(1.0, 2.0, 3.0)], layer="roads")
    assert "raised" not in found.frame
    assert not shapely.has_z(found.frame.geometry.to_numpy()).any()
