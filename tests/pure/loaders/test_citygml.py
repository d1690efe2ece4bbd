"""CityGML as a source: solids, semantic surfaces, references, axes; and files that would do harm."""

import random
import re

import pytest
import shapely
from lxml import etree

from cim.errors import BadSource, CimError
from cim.plugins import Source
from cim.types import Box, Surface
from loaders.delivery.files import recognise

_DATONG = (Box(112.57, 39.04, 114.57, 40.74), "EPSG:4547")
_SPACES = {
    "2.0": (
        'xmlns="http://www.opengis.net/citygml/2.0" xmlns:b="http://www.opengis.net/citygml/building/2.0" '
        'xmlns:gml="http://www.opengis.net/gml" xmlns:gen="http://www.opengis.net/citygml/generics/2.0" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:x="urn:oasis:names:tc:ciq:xsdschema:xAL:2.0"'
    ),
}
_CORNERS = [(x, y, z) for z in (0, 3) for x, y in ((0, 0), (9, 0), (9, 5), (0, 5))]
_FACES = {
    "GroundSurface": (0, 3, 2, 1),
    "RoofSurface": (4, 5, 6, 7),
    "WallSurface": (0, 1, 5, 4),
    "WallSurface2": (1, 2, 6, 5),
    "WallSurface3": (2, 3, 7, 6),
    "WallSurface4": (3, 0, 4, 7),
}


def _polygon(id, corners, at=(439876, 4439760, 1040), swap=False):
    text = []
    for k in (*corners, corners[0]):
        x, y, z = (a + b for a, b in zip(_CORNERS[k], at, strict=True))
        text += [y, x, z] if swap else [x, y, z]
    ring = f"<gml:LinearRing><gml:posList>{' '.join(map(str, text))}</gml:posList></gml:LinearRing>"
    return f'<gml:Polygon gml:id="{id}"><gml:exterior>{ring}</gml:exterior></gml:Polygon>'


def _wrapped(text, *names):
    """The text within elements of these names, the last one innermost; attributes may stand behind a name."""
    for name in reversed(names):
        text = f"<{name}>{text}</{name.split()[0]}>"
    return text


def _member(id, text):
    return _wrapped(text, "cityObjectMember", f'b:Building gml:id="{id}"')


def _semantic(prefix, **told):
    return "".join(
        _wrapped(
            _polygon(f"{prefix}-{name}", corners, **told),
            *("b:boundedBy", f"b:{name.rstrip('234')}", "b:lod2MultiSurface", "gml:MultiSurface", "gml:surfaceMember"),
        )
        for name, corners in _FACES.items()
    )


def _solid(hrefs):
    members = "".join(f'<gml:surfaceMember xlink:href="{href}"/>' for href in hrefs)
    return _wrapped(members, "b:lod2Solid", "gml:Solid", "gml:exterior", "gml:CompositeSurface")


def _building(id="a", inside="", **told):
    body = _semantic(id, **told) + _solid(f"#{id}-{name}" for name in _FACES)
    return _member(id, inside + body)


def _model(*members, srs="EPSG:4547", head="", tail="</CityModel>"):
    box = f'<gml:boundedBy><gml:Envelope srsName="{srs}" srsDimension="3"/></gml:boundedBy>' if srs else ""
    return f'<?xml version="1.0"?>{head}<CityModel {_SPACES["2.0"]}>{box}{"".join(members)}{tail}'


def _one(tmp_path, text, **told):
    path = tmp_path / "a.gml"
    path.write_text(text)
    (batch,) = recognise(path).read(Source(str(path), "buildings", **told))
    return batch


def test_a_solid_takes_its_faces_and_what_they_are_of_from_the_surfaces_that_it_refers_to(tmp_path):
    inside = (
        "<gml:name>四牌楼</gml:name><b:measuredHeight uom='m'>3.0</b:measuredHeight><b:function>1000</b:function>"
        "<gen:intAttribute name='rooms'><gen:value>4</gen:value></gen:intAttribute>"
        "<b:yearOfConstruction>1392</b:yearOfConstruction>"
        "<b:address><Address><xalAddress><x:ThoroughfareName>永泰街</x:ThoroughfareName></xalAddress></Address></b:address>"
    )
    batch = _one(tmp_path, _model(_building(inside=inside), "<cityObjectMember><Road/></cityObjectMember>"))
    row = batch.frame.iloc[0]
    assert (row["id"], row["name"], row["height_m"], row["rooms"], row["year"]) == ("a", "四牌楼", 3.0, 4, 1392)
    body = row["boundary"]
    assert (body.kind, body.shells) == ("Solid", ((6,),))
    assert body.surface.tolist() == [Surface.ground, Surface.roof, *[Surface.wall] * 4]
    assert body.notes["object"]["address"] == [{"ThoroughfareName": "永泰街"}]
    assert row.geometry.equals(shapely.box(439876, 4439760, 439885, 4439765))
    assert [issue.message for issue in batch.issues] == ["no buildings, and not read: 1 Road"]


def test_a_surface_of_another_building_is_found_and_turned_as_it_is_referred_to(tmp_path):
    turned = (
        '<gml:surfaceMember><gml:OrientableSurface orientation="-"><gml:baseSurface xlink:href="#b-WallSurface"/>'
        "</gml:OrientableSurface></gml:surfaceMember>"
    )
    first = _member("a", _wrapped(turned, "b:lod1MultiSurface", "gml:MultiSurface"))
    batch = _one(tmp_path, _model(first, _building("b")))
    one, other = (body.polygons for body in batch.frame["boundary"])
    corners = shapely.get_coordinates(other[2], include_z=True)[:-1].tolist()
    assert shapely.get_coordinates(one[0], include_z=True)[:-1].tolist() == corners[::-1]


def test_materials_and_textures_in_a_building_are_kept(tmp_path):
    material = "<X3DMaterial><diffuseColor>0.5 0 0</diffuseColor><target>#a-RoofSurface</target></X3DMaterial>"
    places = '<textureCoordinates ring="#ring">0 0 1 0 1 1 0 1 0 0</textureCoordinates>'
    texture = _wrapped(places, 'target uri="#a-GroundSurface"', "TexCoordList")
    texture = f"<ParameterizedTexture><imageURI>wall.jpg</imageURI>{texture}</ParameterizedTexture>"
    data = "".join(_wrapped(one, "surfaceDataMember") for one in (material, texture))
    look = _wrapped(f"<theme>day</theme>{data}", "appearance", "Appearance")
    text = _building(inside=look).replace("<gml:LinearRing>", '<gml:LinearRing gml:id="ring">', 1)
    batch = _one(tmp_path, _model(text, "<appearanceMember/>"))
    (body,) = batch.frame["boundary"]
    assert body.appearance == {
        "materials": [{"name": "material 0", "diffuseColor": [0.5, 0.0, 0.0]}],
        "material": {"day": [None, 0, None, None, None, None]},
        "textures": [{"type": "JPG", "image": "wall.jpg"}],
        "texture": {"day": [[[0, [[0, 0], [1, 0], [1, 1], [0, 1]]]], *[None] * 5]},
    }
    assert [issue.code for issue in batch.issues] == ["picture_missing"]


def test_a_part_keeps_its_name_within_its_building(tmp_path):
    part = "<b:roofType>1000</b:roofType>" + _semantic("p")
    part = _wrapped(part, "b:consistsOfBuildingPart", 'b:BuildingPart gml:id="p"')
    (body,) = _one(tmp_path, _model(_building(inside=part))).frame["boundary"]
    assert body.notes["parts"] == [
        {"id": "p", "type": "BuildingPart", "parent": "a", "attributes": {"roofType": "1000"}, "members": {}}
    ]
    assert [piece.get("of") for piece in body.notes["pieces"]] == ["p", None]
    assert len(body) == 12


@pytest.mark.parametrize(
    ("srs", "swap", "city"),
    [
        ("EPSG:4547", False, None),
        ("urn:ogc:def:crs:EPSG::4547", True, None),  # as EPSG orders it
        ("urn:ogc:def:crs:EPSG::4547", False, None),  # as most write it: grounds that face down say so
        ("urn:ogc:def:crs,crs:EPSG::4547,crs:EPSG::5737", True, _DATONG),
        ("EPSG:4547", True, _DATONG),
    ],
)
def test_east_is_east_whichever_comes_first(tmp_path, srs, swap, city):
    """Written north first, faces keep their sides: the numbers change places, the corners do not change order."""
    batch = _one(tmp_path, _model(_building(swap=swap), srs=srs), city=city)
    assert batch.frame.geometry.iloc[0].equals(shapely.box(439876, 4439760, 439885, 4439765))
    assert [issue.code for issue in batch.issues] == (["axes_exchanged"] if swap else [])


_BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    "head",
    [
        _BOMB,
        '<!DOCTYPE CityModel SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_a_document_type_is_refused_with_a_sentence(tmp_path, head):
    name = "<gml:name>&j;</gml:name>" if head is _BOMB else "<gml:name>&e;</gml:name>" if "ENTITY" in head else ""
    with pytest.raises(BadSource, match="declares a document type"):
        _one(tmp_path, _model(_building(inside=name), head=head))


def test_what_lies_outside_the_file_is_not_fetched_and_the_rest_goes_on(tmp_path):
    hrefs = ["http://127.0.0.1:9/other.gml#x", "other.gml#y", "#nowhere", "#a-RoofSurface"]
    text = _member("a", _semantic("a") + _solid(hrefs))
    batch = _one(tmp_path, _model(text, _building("b")))
    assert batch.frame["id"].tolist() == ["a", "b"]
    codes = [issue.code for issue in batch.issues]
    assert codes == ["reference_external", "reference_external", "reference_unresolved"]


def test_a_surface_that_refers_to_itself_ends(tmp_path):
    circle = '<gml:CompositeSurface gml:id="c"><gml:surfaceMember xlink:href="#c"/></gml:CompositeSurface>'
    text = _member("a", _wrapped(circle, "b:lod1Solid", "gml:Solid", "gml:exterior"))
    batch = _one(tmp_path, _model(text, _building("b")))
    assert batch.frame["id"].tolist() == ["b"]
    assert "refers to itself" in batch.damaged[0].reason


def test_a_whole_number_that_json_cannot_hold_stays_text(tmp_path):
    generic = '<gen:intAttribute name="{}"><gen:value>{}</gen:value></gen:intAttribute>'
    inside = generic.format("large", "9" * 400) + generic.format("small", 7)
    batch = _one(tmp_path, _model(_building(inside=inside)))
    assert batch.frame[["large", "small"]].iloc[0].tolist() == ["9" * 400, 7]


def test_solids_that_hold_themselves_end(tmp_path):
    circle = '<gml:MultiSolid gml:id="c"><gml:solidMember xlink:href="#c"/></gml:MultiSolid>'
    batch = _one(tmp_path, _model(_member("a", _wrapped(circle, "b:lod1Solid")), _building("b")))
    assert batch.frame["id"].tolist() == ["b"]
    assert "refers to itself" in batch.damaged[0].reason


def test_references_that_multiply_cost_their_building(tmp_path):
    """Thirty surfaces, each of the next one twice: a billion polygons of three kilobytes."""
    names = [f"s{k}" for k in range(31)]
    twice = [f'<gml:surfaceMember xlink:href="#{name}"/>' * 2 for name in names[1:]]
    twice.append(_wrapped(_polygon("p", (0, 1, 2)), "gml:surfaceMember"))
    text = "".join(
        _wrapped(inside, "b:lod2MultiSurface", f'gml:MultiSurface gml:id="{name}"')
        for name, inside in zip(names, twice, strict=True)
    )
    batch = _one(tmp_path, _model(_member("a", text), _building("b")))
    assert batch.frame["id"].tolist() == ["b"]
    assert "multiply" in batch.damaged[0].reason


def test_a_surface_with_words_behind_it_is_found_from_another_building(tmp_path):
    there = _wrapped(_polygon("p", (0, 1, 2)) + "words", "b:lod2MultiSurface", "gml:MultiSurface", "gml:surfaceMember")
    here = _wrapped('<gml:surfaceMember xlink:href="#p"/>', "b:lod2MultiSurface", "gml:MultiSurface")
    batch = _one(tmp_path, _model(_member("a", here), _member("b", there)))
    assert [len(body) for body in batch.frame["boundary"]] == [1, 1]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<gml:posList>", '<gml:posList srsDimension="2">', "model_geometry"),
        (r"<gml:posList>\S+ ", "<gml:posList>", "model_geometry"),
        (r"<gml:posList>\S+", "<gml:posList>nan", "coordinates_not_finite"),
        (r"<gml:posList>\S+", "<gml:posList>1e300", "coordinates_not_finite"),
        (r"<gml:posList>\S+", "<gml:posList>x", "model_geometry"),
    ],
)
def test_corners_that_are_none_cost_their_building(tmp_path, old, new, code):
    batch = _one(tmp_path, _model(re.sub(old, new, _building(), count=1), _building("b")))
    assert batch.frame["id"].tolist() == ["b"]
    assert [one.codes for one in batch.damaged] == [(code,)]
    assert re.search(r"(?s)^<b:Building .*posList.*</b:Building>$", batch.damaged[0].content["raw"])


def test_a_file_that_breaks_off_gives_what_was_whole(tmp_path):
    batch = _one(tmp_path, _model(_building(), _building("b"), tail="")[:-200])
    assert batch.frame["id"].tolist() == ["a"]
    assert [issue.code for issue in batch.issues] == ["truncated"]
    with pytest.raises(BadSource, match="no buildings; it holds no city object at all"):
        _one(tmp_path, _model())


def test_a_file_of_others_holds_as_many_faces_as_it_has_polygons(shared):
    path = shared / "city_models/citygml4j_lod2_buildings_v3.gml"
    tree = etree.parse(path)
    gml = "{http://www.opengis.net/gml/3.2}"
    (batch,) = recognise(path).read(Source(str(path), "buildings"))
    assert len(batch.frame) == len(list(tree.iter("{http://www.opengis.net/citygml/building/3.0}Building"))) == 100
    assert sum(map(len, batch.frame["boundary"])) == len(list(tree.iter(gml + "Polygon"))) == 700
    counts = {code: sum((body.surface == code).sum() for body in batch.frame["boundary"]) for code in (0, 1, 2)}
    assert counts == {Surface.wall: 400, Surface.roof: 200, Surface.ground: 100}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_whatever_bytes_say_nothing_but_our_own_errors_comes_out(tmp_path, seed):
    dice, whole = random.Random(seed), _model(_building(), _building("b")).encode()
    path = tmp_path / "a.gml"
    for _ in range(150):
        text = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(200, len(text))
            end = min(len(text), at + dice.choice((1, 2, 30)))
            text[at:end] = dice.choice((b"", b"<", b">", b"0", b"nan", b"\xff", b"&x;", bytes(text[200:260])))
        path.write_bytes(text)
        try:
            for batch in recognise(path).read(Source(str(path), "buildings", crs="EPSG:4547")):
                assert len(batch.frame) + len(batch.damaged) + len(batch.issues)
        except CimError:
            pass
