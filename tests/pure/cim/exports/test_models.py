"""Buildings on their way out as city models: closed solids with their surfaces, and what was delivered as it was."""

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from cim import crs as frames
from cim.exports import solids
from cim.exports.batches import batches
from cim.exports.sheet import Loss, Sheet
from cim.exports.standing import of_points
from cim.exports.targets import MODELS
from cim.layers import LAYERS
from cim.plugins import Source
from cim.store.record_columns import columns
from cim.store.records import BODY
from cim.types import RoofForm, Surface
from loaders.delivery.files import recognise
from tests.city_models import assert_same, cube, document, records

_COLUMNS = columns(LAYERS["buildings"])
_COURT = shapely.Polygon([(0, 0), (20, 0), (20, 10), (0, 10)], [[(5, 3), (5, 6), (9, 6), (9, 3)]])
_SHAPES = [
    shapely.box(0, 0, 12.5, 8.25),
    _COURT,
    shapely.MultiPolygon([shapely.box(0, 0, 5, 5), shapely.box(6, 0, 9, 9)]),
    shapely.Polygon([(0, 0), (30, 0), (30, 10), (10, 10), (10, 30), (0, 30)]),
]
_LARGE = [shapely.affinity.translate(shape, 439876, 4439760) for shape in _SHAPES]


def _page(shapes, **told):
    count = len(shapes)
    page = {c.name: [None] * count for c in _COLUMNS} | {name: [None] * count for name in BODY}
    keys = [f"b{k}" for k in range(count)]
    page |= {"id": keys, "cim_key": keys, "cim_id": list(range(1, count + 1)), "cim_dataset": ["d"] * count}
    page |= {"height_m": [9.0] * count, "eaves_m": [6.0] * count, "lod": [2.0] * count, "base_m": [1043.25] * count}
    page |= {"is_synthetic": [False] * count, "geometry": [shapely.to_wkb(shape) for shape in shapes]}
    return page | told


def _written(tmp_path, name, page, crs="EPSG:4547", ground=None, datum="EPSG:5737"):
    """(frame of what a reader finds, losses)."""
    target, lost = MODELS[name], list[Loss]()
    known = ground or (lambda xy: np.full(len(xy), np.nan))
    pages = solids.with_bodies(iter([page]), {"dem": of_points(known)}, "EPSG:4547", crs)
    rows = batches(pages, _COLUMNS, "EPSG:4547", crs, solids.COLUMNS)
    stamp, count = datetime(2026, 5, 1, tzinfo=UTC), len(page["id"])
    told = ("utf-8", {}, stamp, datum)
    sheet = Sheet("buildings", _COLUMNS, frozenset({"Polygon"}), False, crs, count, 0, None, *told)
    path = tmp_path / f"out{target.suffix}"
    target.write(sheet, rows, str(path), lost.append)
    (batch,) = recognise(path).read(Source(str(path), "buildings"))
    assert not batch.damaged
    # pictures stay where the model's owner has them
    assert {issue.code for issue in batch.issues} <= {"picture_missing"}
    assert batch.crs == crs
    return batch.frame, lost


def _edges(body):
    """How often each edge is run along in each direction."""
    found = Counter()
    for polygon in body.polygons:
        for ring in (polygon.exterior, *polygon.interiors):
            found.update(pairwise(map(tuple, shapely.get_coordinates(ring, include_z=True).tolist())))
    return found


def _volume(body):
    """By the faces' own triangles about the origin of the first corner: positive where they face outward."""
    origin, total = shapely.get_coordinates(body.polygons[:1], include_z=True)[0], 0.0
    for polygon in body.polygons:
        for ring in (polygon.exterior, *polygon.interiors):
            at = shapely.get_coordinates(ring, include_z=True)[:-1] - origin
            total += sum(np.dot(at[0], np.cross(a, b)) for a, b in pairwise(at[1:])) / 6.0
    return total


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", ["flat", "gable", "hip"])
def test_what_no_one_delivered_is_raised_to_closed_solids(tmp_path, name, form):
    frame, lost = _written(tmp_path, name, _page(_LARGE, roof_form=[form] * len(_LARGE)))
    assert not lost
    assert frame["roof_form"].tolist() == [form] * len(_LARGE)
    for body, shape, place in zip(frame["boundary"], frame.geometry, _LARGE, strict=True):
        edges = _edges(body)
        assert all(edges[b, a] == count for (a, b), count in edges.items())
        assert body.kind in ("Solid", "MultiSolid", "MultiSurface")
        assert shape.symmetric_difference(place).area < 0.5  # footprints stand on the lattice of 1/64 m
        heights = shapely.get_coordinates(body.polygons, include_z=True)[:, 2]
        assert heights.min() == 1043.25
        assert shape.area * 5.9 < _volume(body) <= shape.area * 9.01
        assert {Surface.ground, Surface.wall, Surface.roof} <= set(body.surface.tolist())
    if form == "flat":
        assert [len(body) for body in frame["boundary"]] == [6, 10, 12, 8]  # one polygon for each flat face
        assert [body.kind for body in frame["boundary"]] == ["Solid", "Solid", "MultiSolid", "Solid"]


@pytest.mark.parametrize("name", MODELS)
def test_what_was_delivered_goes_out_as_it_was_at_every_level(tmp_path, name):
    objects = {"b0": {"type": "Building", "geometry": [cube(lod="1.2"), cube(lod="2.2")]}}
    (record,) = records(document(CityObjects=objects))
    bodies = [body for _, body in reversed(record.bodies)]  # the store gives the finest first
    page = _page([_LARGE[0]] * 2, lod=[2.2, 1.2], cim_id=[1, 1], cim_key=["b0"] * 2, extra=['{"owner": "杨"}'] * 2)
    told = [solids.stored(body) for body in bodies]
    page |= dict(zip(BODY, map(list, zip(*told, strict=True)), strict=True))
    frame, _ = _written(tmp_path, name, page)
    assert frame["id"].tolist() == ["b0", "b0"]
    assert frame["owner"].tolist() == ["杨", "杨"]
    for back, (level, body) in zip(frame.itertuples(), record.bodies, strict=True):
        assert back.lod == level
        assert_same(frame["boundary"].loc[back.Index], body)


def test_heights_above_the_base_become_heights_and_the_ground_is_asked_for_once_it_is_needed(tmp_path):
    (record,) = records(document())
    structure = record.bodies[0][1].structure() | {"above_base": True}
    page = _page([_LARGE[0]] * 2, base_m=[100.0, None])
    wkb, semantics, _, look = solids.stored(record.bodies[0][1])
    page |= dict(zip(BODY, ([wkb] * 2, [semantics] * 2, [json.dumps(structure)] * 2, [look] * 2), strict=True))
    frame, lost = _written(tmp_path, "cityjson", page, ground=lambda xy: np.full(len(xy), 7.5))
    lows = [shapely.get_coordinates(b.polygons, include_z=True)[:, 2].min() for b in frame["boundary"]]
    assert lows == [1140.0, 1047.5]
    assert not lost
    frame, lost = _written(tmp_path, "cityjson", page)
    assert [(loss.row, loss.column) for loss in lost] == [(2, "base_m")]


def test_a_base_is_the_lowest_known_ground_under_the_footprint_of_the_first_that_tells_it(tmp_path):
    rising = of_points(lambda xy: np.where(xy[:, 0] > 439900, np.nan, xy[:, 0] - 439800))
    half = {"terrain": lambda shapes: np.array([5.0, np.nan, np.nan])[: len(shapes)], "dem": rising}
    shapes = [_LARGE[0], _LARGE[0], shapely.affinity.translate(_LARGE[0], 100, 0)]
    page = _page(shapes, base_m=[None] * 3)
    (out,) = solids.with_bodies(iter([page]), half, "EPSG:4547", "EPSG:4547")
    lows = [shapely.get_coordinates(shapely.from_wkb(b), include_z=True)[:, 2].min() for b in out[BODY[0]]]
    assert (lows, out[solids.GROUND]) == ([5.0, 76.0, 0.0], ["terrain", "dem", "unknown"])


@pytest.mark.parametrize("name", MODELS)
def test_another_frame_moves_the_plan_and_says_so(tmp_path, name):
    frame, _ = _written(tmp_path, name, _page(_LARGE[:1]), crs="EPSG:4326")
    back = shapely.transform(frame.geometry.iloc[0], lambda xy: frames.transform(xy, "EPSG:4326", "EPSG:4547"))
    assert back.symmetric_difference(_LARGE[0]).area < 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_two_sources_with_one_id_stay_two_buildings(tmp_path, name):
    frame, _ = _written(tmp_path, name, _page(_LARGE[:3], cim_key=["x", "x (3)", "x"]))
    assert frame["id"].tolist() == ["x", "x (3)", "x (3) (3)"]


@pytest.mark.parametrize("name", MODELS)
def test_parts_of_two_buildings_with_one_id_stay_two_parts(tmp_path, name):
    """A name twice in a JSON object is one object to whoever reads it."""
    part = {"type": "BuildingPart", "parents": ["b"], "geometry": [cube()]}
    inner = {"type": "BuildingInstallation", "parents": ["p"], "geometry": [cube()]}
    (record,) = records(document(CityObjects={"b": {"type": "Building", "children": ["p"]}, "p": part, "q": inner}))
    told = solids.stored(record.bodies[0][1])
    page = _page(_LARGE[:2]) | {column: [value] * 2 for column, value in zip(BODY, told, strict=True)}
    frame, _ = _written(tmp_path, name, page)
    assert frame["id"].tolist() == ["b0", "b1"]
    assert [len(body) for body in frame["boundary"]] == [12, 12]
    parts = [[(one["id"], one["parent"]) for one in body.notes["parts"]] for body in frame["boundary"]]
    assert parts == [[("p", "b0"), ("q", "p")], [("p (2)", "b1"), ("q (2)", "p (2)")]]


@pytest.mark.parametrize("name", MODELS)
def test_a_number_that_is_too_large_for_any_float_goes_out_as_text(tmp_path, name):
    large = "9" * 400
    frame, _ = _written(tmp_path, name, _page(_LARGE[:1], extra=[f'{{"large": {large}, "small": 7, "half": 0.5}}']))
    assert frame[["large", "small", "half"]].iloc[0].tolist() == [large, 7, 0.5]


def test_every_form_has_a_body(tmp_path):
    page = _page([_LARGE[0]] * len(RoofForm), roof_form=[form.name for form in RoofForm])
    frame, _ = _written(tmp_path, "cityjsonseq", page)
    assert all(len(body) > 5 for body in frame["boundary"])


def test_a_file_says_its_frame_and_its_heights(tmp_path):
    _written(tmp_path, "cityjson", _page(_LARGE[:1]), datum="EPSG:5709")
    told = json.loads(Path(tmp_path / "out.city.json").read_bytes())
    assert told["metadata"]["referenceSystem"] == "https://www.opengis.net/def/crs/EPSG/0/4547"
    assert told["metadata"]["title"] == "buildings (heights: EPSG:5709, metres)"
    ours = {"id": 1, "key": "b0", "dataset": "d", "surfaces": "form", "ground": "given"}
    assert told["CityObjects"]["b0"]["attributes"]["cim"] == ours
    assert told["transform"]["scale"] == [0.001, 0.001, 0.001]
