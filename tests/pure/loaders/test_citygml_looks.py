"""What surfaces of CityGML look like, of both versions, within the building and beside it: drawn as they lie."""

from pathlib import Path
from typing import Any

import pytest

from cim.boundary import PICTURE
from loaders.delivery.files import take
from loaders.formats import citygml_appearance
from tests.city_models import CORNERS, CUBE
from tests.pure.loaders.test_city_pictures import ACROSS, UPRIGHT, X, Y, Z, read
from tests.tile_colours import quarters, shown, tile

_SPACES = {
    "2.0": "http://www.opengis.net/{}/2.0 http://www.opengis.net/gml",
    "3.0": "http://www.opengis.net/{}/3.0 http://www.opengis.net/gml/3.2",
}
WALL = 2  # the cube's face to the south


def _polygon(number: int) -> str:
    corners = [CORNERS[k] for k in (*CUBE[number], CUBE[number][0])]
    text = " ".join(f"{X + x / 1000} {Y + y / 1000} {Z + z / 1000}" for x, y, z in corners)
    ring = f'<gml:LinearRing gml:id="r{number}"><gml:posList>{text}</gml:posList></gml:LinearRing>'
    return f'<gml:Polygon gml:id="p{number}"><gml:exterior>{ring}</gml:exterior></gml:Polygon>'


def _building(version: str, inside: str) -> str:
    """A solid that refers to the surfaces which bound it."""
    bounded = "con:boundary" if version == "3.0" else "b:boundedBy"
    shape, wall = ("", "con:WallSurface") if version == "3.0" else ("b:", "b:WallSurface")
    surfaces = "".join(
        f'<{bounded}><{wall} gml:id="w{k}"><{shape}lod2MultiSurface><gml:MultiSurface gml:id="m{k}"><gml:surfaceMember>'
        f"{_polygon(k)}</gml:surfaceMember></gml:MultiSurface></{shape}lod2MultiSurface></{wall}></{bounded}>"
        for k in range(6)
    )
    members = "".join(f'<gml:surfaceMember xlink:href="#p{k}"/>' for k in range(6))
    shell = "gml:Shell" if version == "3.0" else "gml:CompositeSurface"
    solid = f"<gml:Solid><gml:exterior><{shell}>{members}</{shell}></gml:exterior></gml:Solid>"
    return f'<b:Building gml:id="a">{inside}{surfaces}<{shape}lod2Solid>{solid}</{shape}lod2Solid></b:Building>'


def _appearance(version: str, *, image: str = "q.png", extra: str = "", target: str = "m2") -> str:
    """A picture on the southern wall, and green on what is called `target`."""
    places = "0 0 1 0 1 1 0 1 0 0"
    if version == "3.0":
        listed = f"<app:textureCoordinates>{places}</app:textureCoordinates><app:ring>#r{WALL}</app:ring>"
        told = (
            f"<app:TextureAssociation><app:target>#p{WALL}</app:target><app:textureParameterization><app:TexCoordList>"
        )
        told += f"{listed}</app:TexCoordList></app:textureParameterization></app:TextureAssociation>"
        told = f"<app:textureParameterization>{told}</app:textureParameterization>"
    else:
        listed = f'<app:textureCoordinates ring="#r{WALL}">{places}</app:textureCoordinates>'
        told = f'<app:target uri="#p{WALL}"><app:TexCoordList>{listed}</app:TexCoordList></app:target>'
    texture = f"<app:ParameterizedTexture><app:imageURI>{image}</app:imageURI><app:mimeType>image/png</app:mimeType>"
    texture += f"<app:wrapMode>wrap</app:wrapMode>{told}</app:ParameterizedTexture>"
    material = f"<app:X3DMaterial><app:diffuseColor>0 1 0</app:diffuseColor><app:target>#{target}</app:target>"
    member = "surfaceData" if version == "3.0" else "surfaceDataMember"
    data = "".join(
        f"<app:{member}>{one}</app:{member}>" for one in (texture, f"{material}</app:X3DMaterial>", extra) if one
    )
    return f"<app:Appearance><app:theme>day</app:theme>{data}</app:Appearance>"


def _model(version: str, before: str, building: str, behind: str = "") -> str:
    core, gml = _SPACES[version].split()
    spaces = {"": "citygml", ":b": "citygml/building", ":con": "citygml/construction", ":app": "citygml/appearance"}
    told = "".join(f' xmlns{prefix}="{core.format(name)}"' for prefix, name in spaces.items())
    told += f' xmlns:gml="{gml}" xmlns:xlink="http://www.w3.org/1999/xlink"'
    box = '<gml:boundedBy><gml:Envelope srsName="EPSG:4547" srsDimension="3"/></gml:boundedBy>'
    return f"<CityModel{told}>{box}{before}<cityObjectMember>{building}</cityObjectMember>{behind}</CityModel>"


def _placed(version: str, where: str, **told: Any) -> str:
    """The model with its looks within the building, before it or behind it."""
    look = _appearance(version, **told)
    if where == "within":
        holder = "appearance"
        return _model(version, "", _building(version, f"<{holder}>{look}</{holder}>"))
    beside = f"<appearanceMember>{look}</appearanceMember>"
    sides = (beside, "") if where == "before" else ("", beside)
    return _model(version, sides[0], _building(version, ""), sides[1])


@pytest.mark.parametrize("where", ["within", "before", "behind"])
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_looks_are_the_same_wherever_they_stand(tmp_path: Path, version: str, where: str) -> None:
    (tmp_path / "q.png").write_bytes(quarters(side=8))
    (tmp_path / "a.gml").write_text(_placed(version, where))
    batch = read(tmp_path / "a.gml")
    (body,) = batch.frame["boundary"]
    assert (batch.issues, body.kind) == ((), "Solid")
    (texture,) = body.appearance["textures"]
    assert texture.pop(PICTURE)
    assert body.appearance == {
        "materials": [{"name": "material 0", "diffuseColor": [0.0, 1.0, 0.0]}],
        "material": {"day": [0 if k == WALL else None for k in range(6)]},
        "textures": [{"type": "PNG", "image": "q.png", "wrapMode": "wrap"}],
        "texture": {"day": [[[0, [[0, 0], [1, 0], [1, 1], [0, 1]]]] if k == WALL else None for k in range(6)]},
    }


@pytest.mark.long
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_a_picture_of_citygml_is_drawn_as_it_lies(tmp_path: Path, version: str) -> None:
    (tmp_path / "q.png").write_bytes(quarters())
    (tmp_path / "a.gml").write_text(_placed(version, "behind"))
    (body,) = read(tmp_path / "a.gml").frame["boundary"]
    assert shown(tile(body), ACROSS) == UPRIGHT


@pytest.mark.parametrize("target", ["p2", "m2", "w2"])
def test_a_material_is_of_a_polygon_its_surface_or_its_wall(tmp_path: Path, target: str) -> None:
    (tmp_path / "a.gml").write_text(_placed("2.0", "before", target=target))
    (body,) = read(tmp_path / "a.gml").frame["boundary"]
    assert body.appearance["material"] == {"day": [0 if k == WALL else None for k in range(6)]}


def test_the_building_says_more_of_its_looks_than_what_stands_beside_it(tmp_path: Path) -> None:
    own = _appearance("2.0").replace("0 1 0<", "1 0 0<").replace("q.png", "own.png")
    text = _model(
        "2.0",
        "<appearanceMember>" + _appearance("2.0") + "</appearanceMember>",
        _building("2.0", f"<appearance>{own}</appearance>"),
    )
    (tmp_path / "a.gml").write_text(text)
    (body,) = read(tmp_path / "a.gml").frame["boundary"]
    assert [one["diffuseColor"] for one in body.appearance["materials"]] == [[1.0, 0.0, 0.0]]
    assert [one["image"] for one in body.appearance["textures"]] == ["own.png"]


BACK = "<app:X3DMaterial><app:isFront>false</app:isFront><app:target>#p0</app:target></app:X3DMaterial>"
PHOTO = "<app:GeoreferencedTexture><app:imageURI>q.png</app:imageURI></app:GeoreferencedTexture>"


@pytest.mark.parametrize("where", ["within", "before"])
def test_looks_that_are_not_read_are_told(tmp_path: Path, where: str) -> None:
    member = "surfaceDataMember"
    (tmp_path / "a.gml").write_text(
        _placed("2.0", where, image="../q.png", extra=f"{BACK}</app:{member}><app:{member}>{PHOTO}")
    )
    batch = read(tmp_path / "a.gml")
    assert {issue.code: issue.message for issue in batch.issues}["appearance_left"].endswith(
        "like: 1 GeoreferencedTexture, 1 X3DMaterial of backs"
    )
    assert sorted(issue.code for issue in batch.issues) == ["appearance_left", "picture_outside"]


def test_looks_beside_are_held_up_to_a_bound_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(citygml_appearance, "MOST_HELD", 100)
    (tmp_path / "a.gml").write_text(_placed("2.0", "before"))
    batch = read(tmp_path / "a.gml")
    assert sorted(issue.code for issue in batch.issues) == ["appearance_left", "picture_missing"]
    (body,) = batch.frame["boundary"]
    assert "material" not in body.appearance


def test_a_file_that_breaks_off_within_its_looks_gives_what_was_whole(tmp_path: Path) -> None:
    text = _placed("2.0", "behind")
    (tmp_path / "a.gml").write_text(text[: text.index("<app:X3DMaterial>") + 40])
    batch = read(tmp_path / "a.gml")
    assert sorted(issue.code for issue in batch.issues) == ["picture_missing", "truncated"]
    (body,) = batch.frame["boundary"]
    assert [one["image"] for one in body.appearance["textures"]] == ["q.png"]


def test_another_picture_beside_the_same_citygml_is_another_delivery(tmp_path: Path) -> None:
    (tmp_path / "a.gml").write_text(_placed("2.0", "behind", image="a&amp;b.png"))
    checksums = [take(tmp_path / "a.gml")[0].checksum]
    for side in (4, 8):
        (tmp_path / "a&b.png").write_bytes(quarters(side=side))
        checksums.append(take(tmp_path / "a.gml")[0].checksum)
    assert len(set(checksums)) == 3
