"""CityJSON as a source: what a batch holds, what is told of it, and what bad files come to: a sentence each."""

import copy
import json
import random

import orjson
import pytest
import shapely

from cim.errors import BadSource, CimError, MissingCrs
from cim.plugins import Source
from cim.types import Surface
from loaders.delivery.files import recognise
from tests.city_models import CORNERS, cube, document

_BUILDING = {"type": "Building"}


def _batches(path, document, **told):
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    source = Source(str(path), "buildings", **told)
    return list(recognise(path).read(source))


def _one(tmp_path, document, **told):
    (batch,) = _batches(tmp_path / "a.city.json", document, **told)
    return batch


def _objects(**objects):
    return document(CityObjects=objects)


def test_a_building_is_a_row_with_surfaces_footprint_and_what_the_layer_knows(tmp_path):
    attributes = {
        "measuredHeight": 3.0,
        "yearOfConstruction": 1392,
        "function": "religious",
        "roofType": "Gabled",
        "lod": 9,
    }
    batch = _one(tmp_path, _objects(a={**_BUILDING, "attributes": attributes, "geometry": [cube()]}))
    row = batch.frame.iloc[0]
    assert batch.crs == "EPSG:4547"
    assert (row["id"], row["lod"], row["height_m"], row["year"]) == ("a", 2.0, 3.0, 1392)
    assert (row["use"], row["roof_form"], row["lod_attribute"], row["measuredHeight"]) == ("religious", "gable", 9, 3.0)
    assert row["boundary"].surface.tolist() == [Surface.ground, Surface.roof, *[Surface.wall] * 4]
    assert row.geometry.equals(shapely.box(439876, 4439760, 439885, 4439765))


def test_each_level_of_detail_is_a_row_of_the_same_id(tmp_path):
    two = [cube(lod="1.2"), cube(lod="2.2"), cube(lod="2.2")]
    batch = _one(tmp_path, _objects(a={**_BUILDING, "geometry": two}))
    assert batch.frame["id"].tolist() == ["a", "a"]
    assert batch.frame["lod"].tolist() == [1.2, 2.2]
    assert [body.kind for body in batch.frame["boundary"]] == ["Solid", "MultiSolid"]
    assert batch.frame.index.tolist() == [1, 2]


def test_parts_are_of_their_building_and_other_objects_are_counted(tmp_path):
    loose = cube(type="MultiSurface", boundaries=[[[4, 5, 6]]], semantics=None)
    objects = {
        "a": {**_BUILDING, "children": ["p"], "geometry": []},
        "p": {"type": "BuildingPart", "parents": ["a"], "children": ["q"], "geometry": [cube()]},
        "q": {
            "type": "BuildingInstallation",
            "parents": ["p"],
            "geometry": [loose],
        },
        "tree": {"type": "SolitaryVegetationObject"},
        "x": {"type": "+Kiosk"},
    }
    batch = _one(tmp_path, {**_objects(**objects), "extensions": {"Kiosks": {}}})
    (body,) = batch.frame["boundary"]
    assert [part["id"] for part in body.notes["parts"]] == ["p", "q"]
    assert [piece["of"] for piece in body.notes["pieces"]] == ["p", "q"]
    told = {issue.code: issue.message for issue in batch.issues}
    assert "1 +Kiosk, 1 SolitaryVegetationObject" in told["city_objects_left"]
    assert "Kiosks" in told["extension_kept"]


def test_a_template_stands_where_its_instance_says(tmp_path):
    templates = {"templates": [cube()], "vertices-templates": [[x / 1000, y / 1000, z / 1000] for x, y, z in CORNERS]}
    matrix = [0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]  # a quarter turn, twice as high
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [1], "transformationMatrix": matrix}
    told = {**_objects(a={**_BUILDING, "geometry": [instance]}), "geometry-templates": templates}
    (body,) = _one(tmp_path, told).frame["boundary"]
    xyz = shapely.get_coordinates(body.polygons, include_z=True)
    assert xyz.min(axis=0).tolist() == [439880.0, 4439760.0, 1040.0]
    assert xyz.max(axis=0).tolist() == [439885.0, 4439769.0, 1046.0]


def test_heights_of_another_datum_are_told_and_the_plan_is_read(tmp_path):
    told = document(metadata={"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/7415"})
    batch = _one(tmp_path, told)
    assert batch.crs == "EPSG:28992"
    assert [issue.code for issue in batch.issues] == ["heights_as_given"]
    with pytest.raises(MissingCrs, match="states no CRS"):
        _one(tmp_path, document(metadata={}))
    assert _one(tmp_path, document(metadata={}), crs="EPSG:4547").crs == "EPSG:4547"


_ROOF = [{"type": "RoofSurface"}]
_GOOD = {**_BUILDING, "geometry": [cube()]}


def _with(**told):
    return {**_BUILDING, "geometry": [cube(**told)]}


@pytest.mark.parametrize(
    ("spoilt", "code", "sentence"),
    [
        (_with(boundaries=[[[[0, 3, 2, 99]]]]), "vertex_unknown", "vertex 99 of 8"),
        (_with(boundaries=[[[[0, 3, 2, -1]]]]), "vertex_unknown", "vertex -1 of 8"),
        (_with(boundaries=[[[[0, 3, True]]]]), "vertex_unknown", "vertex True of 8"),
        (_with(boundaries=[[0, 3, 2]]), "model_geometry", "no list of rings"),
        (_with(boundaries=None), "model_geometry", "not nested as a Solid"),
        (_with(type="Blob"), "model_geometry", "a geometry of type 'Blob'"),
        (_with(type="GeometryInstance"), "model_geometry", "template None of 0"),
        ({**_BUILDING, "geometry": [7]}, "model_geometry", "a int where a geometry should be"),
        ({"type": "BuildingPart", "parents": ["bad"]}, "model_parents", "parents lead to no building"),
        (7, "model_parents", "no city object"),
    ],
)
def test_a_bad_building_is_set_aside_with_a_sentence_and_the_good_one_arrives(tmp_path, spoilt, code, sentence):
    batch = _one(tmp_path, _objects(bad=spoilt, good=_GOOD))
    assert batch.frame["id"].tolist() == ["good"]
    (damaged,) = batch.damaged
    assert damaged.codes == (code,)
    assert damaged.reason.startswith("bad: ")
    assert sentence in damaged.reason


@pytest.mark.parametrize(
    ("told", "code", "sentence"),
    [
        (
            {"semantics": {"surfaces": [{"type": "RoofSurface"}], "values": [[0, 0]]}},
            "model_mismatch",
            "2 values for 6",
        ),
        (
            {"semantics": {"surfaces": [{"type": "RoofSurface"}], "values": [[0, 0, 0, 0, 0, 1]]}},
            "model_mismatch",
            "surface 1 of 1",
        ),
        ({"semantics": {"surfaces": 7}}, "model_mismatch", "do not say what they are"),
        ({"material": {"day": {"value": 4}}}, "model_mismatch", "material 4 of 0"),
        ({"texture": {"day": {"values": [[[[0, 1, 2]]]]}}}, "model_mismatch", "1 values for 6"),
        (
            {"boundaries": [[[[0, 3, 2, 1]], [[4, 5]]]], "semantics": None},
            "surface_unreadable",
            "1 surfaces with a ring",
        ),
        ({"type": "MultiPoint", "boundaries": [0]}, "surface_missing", "a MultiPoint"),
    ],
)
def test_what_does_not_fit_the_surfaces_is_left_out_and_told(tmp_path, told, code, sentence):
    batch = _one(tmp_path, _objects(a={**_BUILDING, "geometry": [cube(**told), cube(lod="1")]}))
    assert not batch.damaged
    assert code in [issue.code for issue in batch.issues]
    assert any(sentence in issue.message for issue in batch.issues)


def test_a_count_of_storeys_with_thousands_of_digits_is_none(tmp_path):
    attributes = {"storeysAboveGround": "9" * 5000}
    batch = _one(tmp_path, _objects(a={**_BUILDING, "attributes": attributes, "geometry": [cube()]}))
    assert len(batch.frame) == 1
    assert "storeys" not in batch.frame


def test_parents_in_a_circle_end(tmp_path):
    circle = {
        "a": {**_BUILDING, "parents": ["a"], "children": ["a", "p"], "geometry": [cube()]},
        "p": {"type": "BuildingPart", "parents": ["q", "p"], "children": ["q"], "geometry": []},
        "q": {"type": "BuildingPart", "parents": ["p"], "children": ["p"], "geometry": []},
    }
    (body,) = _one(tmp_path, _objects(**circle)).frame["boundary"]
    assert [part["id"] for part in body.notes["parts"]] == ["p", "q"]


def test_coordinates_beyond_all_measure_cost_only_what_uses_them(tmp_path):
    far = [*CORNERS, [10**300, 0, 0], [0, "x", 0]]
    spoilt = _with(boundaries=[[[[0, 1, 8]]]], semantics=None), _with(boundaries=[[[[0, 1, 9]]]], semantics=None)
    batch = _one(tmp_path, {**_objects(a=spoilt[0], b=spoilt[1], good=_GOOD), "vertices": far})
    assert batch.frame["id"].tolist() == ["good"]
    assert [one.codes for one in batch.damaged] == [("coordinates_not_finite",)] * 2


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"transform": {"scale": [1e308] * 3, "translate": [0, 0, 0]}}, None),
        ({"transform": {"scale": [0, 1, 1], "translate": [0, 0, 0]}}, "its transform is none"),
        ({"transform": 7}, "its transform is none"),
        ({"version": "3.0"}, "CityJSON 3.0"),
        ({"CityObjects": []}, "its CityObjects are no object"),
        ({"CityObjects": {"w": {"type": "WaterBody"}}}, "no buildings; it holds 1 WaterBody"),
        ({"type": "CityJSONx"}, "expected an object of type CityJSON"),
    ],
)
def test_a_document_that_is_none_is_refused_with_a_sentence(tmp_path, told, sentence):
    if sentence is None:  # a huge transform is a transform: what it places is set aside
        assert [one.codes for one in _one(tmp_path, document(**told)).damaged] == [("coordinates_not_finite",)]
        return
    with pytest.raises(BadSource, match=sentence):
        _one(tmp_path, document(**told))


def test_nan_is_no_json(tmp_path):
    with pytest.raises(BadSource, match="not JSON"):
        _one(tmp_path, orjson.dumps(document()).replace(b"9000", b"NaN", 1))


def _sequence(*lines):
    head = {**document(CityObjects={}, vertices=[])}
    return b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in (head, *lines))


def _feature(id):
    return {"type": "CityJSONFeature", "id": id, "CityObjects": {id: _GOOD}, "vertices": CORNERS}


def test_a_sequence_is_read_line_by_line_and_a_bad_line_costs_itself(tmp_path):
    lines = _feature("a"), b'{"type":', {"type": "CityJSON"}, _feature("b")
    (batch,) = _batches(tmp_path / "a.city.jsonl", _sequence(*lines))
    assert batch.frame["id"].tolist() == ["a", "b"]
    assert batch.frame.index.tolist() == [1, 4]
    assert [one.codes for one in batch.damaged] == [("not_json",)] * 2
    assert batch.crs == "EPSG:4547"
    with pytest.raises(BadSource, match="no buildings"):
        _batches(tmp_path / "a.city.jsonl", _sequence())


def test_a_sequence_goes_on_behind_a_row(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(_sequence(*(_feature(id) for id in "abc")))
    (batch,) = recognise(path).read(Source(str(path), "buildings"), 2)
    assert batch.frame.index.tolist() == [3]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_whatever_a_document_says_nothing_but_our_own_errors_comes_out(tmp_path, seed):
    """Values swapped, dropped and replaced at any depth."""
    dice = random.Random(seed)
    for _ in range(200):
        told = orjson.loads(orjson.dumps(_rich()))
        for _ in range(dice.randint(1, 3)):
            _spoil(told, dice)
        try:
            for batch in _batches(tmp_path / "a.city.json", told, crs="EPSG:4547"):
                assert len(batch.frame) + len(batch.damaged) >= 0
        except CimError:
            pass


def _rich():
    texture = {"day": {"values": [[[[0, 0, 1, 2, 3]]] + [[[None]]] * 5]}}
    painted = cube(texture=texture, material={"day": {"values": [[0, None, 0, 0, 0, 0]]}})
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [0]}
    objects = {
        "a": {**_BUILDING, "children": ["p"], "geometry": [cube()]},
        "p": {"type": "BuildingPart", "parents": ["a"], "geometry": [painted]},
        "b": {**_BUILDING, "geometry": [instance]},
    }
    look = {"materials": [{"name": "m"}], "textures": [{"type": "PNG", "image": "x.png"}]}
    look["vertices-texture"] = [[0, 0], [1, 0], [1, 1], [0, 1]]
    templates = {"templates": [cube()], "vertices-templates": CORNERS}
    return {**_objects(**objects), "appearance": look, "geometry-templates": templates}


_STRANGE = (None, True, -1, 99, 1e300, 10**30, "x", "", [], {}, [[]], [None], [[[[7]]]], {"type": 7}, "2.0", [0, 0])


def _spoil(value, dice):
    """Change one thing somewhere below."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = dice.choice(keys)
        below = value[key]
        if not isinstance(below, dict | list) or not below or dice.random() < 0.15:
            if dice.random() < 0.3:
                del value[key]
            else:
                value[key] = copy.deepcopy(dice.choice(_STRANGE))
            return
        value = below
