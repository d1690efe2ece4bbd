"""Small city models that would multiply without bound, or whose parts lead to each other oddly: bounded, told, or right."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from cim.cityjson import geometry
from cim.cityjson.geometry import Allowance
from cim.cityjson.record import Fault
from cim.errors import BadSource
from cim.plugins import Source
from cim.validity import check, of_boundaries
from loaders.delivery.files import recognise
from loaders.formats import gltf_parts, gml_links, mesh_parts
from loaders.formats.dae_parts import _Tally
from loaders.formats.pictures import Album
from tests.city_models import CORNERS, cube, document
from tests.pure.loaders.test_citygml import _FACES, _building, _member, _model, _polygon, _wrapped
from tests.pure.loaders.test_mesh_models import dae, house_gltf


def _frame(path, content, **told):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    (batch,) = recognise(path).read(Source(str(path), "buildings", **told))
    return batch


def _shown(times):
    """A document with a building of one template, shown so often, and a plain one behind it."""
    places = [{"type": "GeometryInstance", "template": 0, "boundaries": [0]}] * times
    templates = {"templates": [cube()], "vertices-templates": [[x / 1000, y / 1000, z / 1000] for x, y, z in CORNERS]}
    objects = {"a": {"type": "Building", "geometry": places}, "b": {"type": "Building", "geometry": [cube()]}}
    return {**document(CityObjects=objects), "geometry-templates": templates}


def test_a_template_shown_without_end_costs_its_building_and_the_rest_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(geometry.Allowance, "__init__", lambda self: _allow(self, 100))
    assert _frame(tmp_path / "a.city.json", _shown(4)).damaged == ()  # 24 corners each
    batch = _frame(tmp_path / "a.city.json", _shown(5))
    assert batch.frame["id"].tolist() == ["b"]
    assert [one.codes for one in batch.damaged] == [("model_geometry",)]
    assert "shown once too often" in batch.damaged[0].reason


def _allow(allowance, left):
    allowance.left, allowance.sizes = left, {}


def test_what_is_refused_takes_nothing_of_the_allowance():
    allowance = Allowance(left=7)
    big, small = ({"boundaries": [[[0, 1, 2] * times]]} for times in (3, 2))
    with pytest.raises(Fault, match="template 0 of 9 corners"):
        allowance.take(0, big)
    allowance.take(1, small)
    assert allowance.left == 1


def test_lists_of_corners_that_many_nodes_share_are_counted_as_often_as_they_are_used(tmp_path):
    corners = {"nodes": [{"mesh": 0}] * 200, "accessors": [{"count": 3}, {"count": 60_000}]}
    hostile = {
        "corners, counted": corners,
        "unpack to": {"accessors": [{"bufferView": 1, "componentType": 5126, "count": 10, "type": "VEC3"}] * 1_000},
        "without bytes": {"accessors": [{"componentType": 5126, "count": 5_000, "type": "VEC3"}] * 2},
    }
    for name, changed in hostile.items():
        if name == "corners, counted":
            header = json.loads(house_gltf(tmp_path / "h.gltf").read_text()) | changed
            with pytest.raises(BadSource, match=name):
                gltf_parts._refuse_repeated(header, tmp_path / "h.gltf")
            continue
        path = house_gltf(tmp_path / "h.gltf", **changed)
        with pytest.raises(BadSource, match=name):
            list(recognise(path).read(Source(str(path), "buildings", crs="EPSG:4547")))


def test_meshes_of_a_collada_scene_are_counted_together():
    tally = _Tally("h.dae", 1.0, Album(Path()))
    tally.mesh(mesh_parts.MOST_FACES, mesh_parts.MOST_CORNERS)
    for more in ((1, 0), (0, 1)):
        with pytest.raises(BadSource, match="at most"):
            replace(tally).mesh(*more)


@pytest.mark.long  # pycollada takes a second to import
def test_nodes_that_show_others_twice_level_by_level_are_refused(tmp_path):
    levels = "".join(
        f'<node id="m{k}"><instance_node url="#m{k - 1}"/><instance_node url="#m{k - 1}"/></node>' for k in range(1, 40)
    )
    library = f'<library_nodes><node id="m0"><instance_geometry url="#g"/></node>{levels}</library_nodes>'
    text = dae().replace("<library_visual_scenes>", library + "<library_visual_scenes>")
    text = text.replace(
        '<instance_geometry url="#g"/></node></visual_scene>', '<instance_node url="#m39"/></node></visual_scene>'
    )
    path = tmp_path / "h.dae"
    path.write_text(text)
    with pytest.raises(BadSource, match="counted as often as they are shown"):
        list(recognise(path).read(Source(str(path), "buildings", crs="EPSG:4547")))


def _shell(prefix, bound, *, at=(439876, 4439760, 1040), inward=False):
    """A bound of a solid: the box of the other tests, or the same seen from within."""
    faces = [_polygon(f"{prefix}-{n}", c[::-1] if inward else c, at) for n, c in _FACES.items()]
    return _wrapped(
        "".join(_wrapped(face, "gml:surfaceMember") for face in faces), f"gml:{bound}", "gml:CompositeSurface"
    )


def _outer():
    corners = [(x, y, z) for z in (1035, 1050) for x, y in ((0, 0), (20, 0), (20, 20), (0, 20))]
    faces = []
    for name, places in _FACES.items():
        ring = [(corners[k][0] + 439870, corners[k][1] + 4439750, corners[k][2]) for k in (*places, places[0])]
        text = " ".join(str(v) for corner in ring for v in corner)
        polygon = f'<gml:Polygon gml:id="o-{name}"><gml:exterior><gml:LinearRing><gml:posList>{text}</gml:posList>'
        faces.append(_wrapped(polygon + "</gml:LinearRing></gml:exterior></gml:Polygon>", "gml:surfaceMember"))
    return _wrapped("".join(faces), "gml:exterior", "gml:CompositeSurface")


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_a_solid_with_cavities_has_its_exterior_first_whatever_its_order(tmp_path, order):
    hollow = _shell("i", "interior", inward=True)
    other = _shell("j", "interior", at=(439876, 4439752, 1040), inward=True)
    bounds = [(_outer(), hollow, other)[k] for k in order]
    text = _model(_member("a", _wrapped("".join(bounds), "b:lod2Solid", "gml:Solid")))
    (body,) = _frame(tmp_path / "a.gml", text).frame["boundary"]
    assert (body.kind, body.shells) == ("Solid", ((6, 6, 6),))
    first = shapely.get_coordinates(body.polygons[:6], include_z=True)
    assert np.ptp(first, axis=0).tolist() == [20.0, 20.0, 15.0]
    assert check(of_boundaries([body])) == ()


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        (_shell("i", "interior", inward=True), "a cavity is no body"),
        ('<gml:exterior xlink:href="#gone"/>' + _shell("i", "interior", inward=True), "a cavity is no body"),
        (_outer() + _shell("k", "exterior"), "2 exteriors"),
    ],
)
def test_a_cavity_never_becomes_the_outside(tmp_path, bounds, sentence):
    text = _model(_member("a", _wrapped(bounds, "b:lod2Solid", "gml:Solid")), _building("b"))
    batch = _frame(tmp_path / "a.gml", text)
    assert batch.frame["id"].tolist() == ["b"]
    assert sentence in batch.damaged[0].reason


def _referring(*hrefs):
    members = "".join(f'<gml:surfaceMember xlink:href="#{href}"/>' for href in hrefs)
    return _member("a", _wrapped(members, "b:lod1MultiSurface", "gml:MultiSurface"))


def test_a_surface_elsewhere_that_refers_onward_within_its_own_building_is_whole(tmp_path):
    inner = '<gml:surfaceMember xlink:href="#b-WallSurface"/><gml:surfaceMember xlink:href="#b-RoofSurface"/>'
    gathered = _wrapped(inner, "b:lod1MultiSurface", 'gml:CompositeSurface gml:id="both"')
    batch = _frame(tmp_path / "a.gml", _model(_referring("both"), _building("b", inside=gathered)))
    assert [len(body) for body in batch.frame["boundary"][:1]] == [2]
    assert not [issue for issue in batch.issues if issue.code == "reference_unresolved"]


def test_groups_of_buildings_hold_no_building_in_memory_and_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(gml_links, "MOST_HELD", 40)
    group = '<cityObjectMember><CityObjectGroup><groupMember xlink:href="#b"/></CityObjectGroup></cityObjectMember>'
    batch = _frame(tmp_path / "a.gml", _model(group, _referring("b-WallSurface"), _building("b")))
    assert [len(body) for body in batch.frame["boundary"]] == [1, 6]
    many = [f"b-{name}" for name in _FACES] + [f"c-{name}" for name in _FACES]
    with pytest.raises(BadSource, match="more than 40 elements"):
        _frame(tmp_path / "a.gml", _model(_referring(*many), _building("b"), _building("c")))


def test_heights_of_the_citys_own_datum_need_no_word(tmp_path):
    told = document(metadata={"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/7415"})  # with NAP heights
    notes = [
        [issue.code for issue in _frame(tmp_path / "a.city.json", told, height_datum=datum).issues]
        for datum in ("EPSG:5709", "EPSG:5737")
    ]
    assert notes == [[], ["heights_as_given"]]
