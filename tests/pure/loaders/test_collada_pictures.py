"""Pictures of COLLADA models: by the set of places that the scene binds to them, the way up that they were delivered."""

from pathlib import Path

import pytest

from cim.boundary import PICTURE
from cim.errors import BadSource
from loaders.delivery.files import take
from tests.pure.loaders.test_mesh_models import X, Y, read
from tests.tile_colours import quarters, shown, tile

pytestmark = pytest.mark.long  # pycollada takes a second to import

_FLOATS = """<source id="{id}"><float_array id="{id}a" count="{count}">{numbers}</float_array><technique_common>
<accessor source="#{id}a" count="4" stride="{stride}">{params}</accessor></technique_common></source>"""
DAE = """<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><unit name="metre" meter="1"/><up_axis>Z_UP</up_axis></asset>
<library_images><image id="i"><init_from>{image}</init_from></image></library_images>
<library_effects><effect id="e"><profile_COMMON>
<newparam sid="su"><surface type="2D"><init_from>i</init_from></surface></newparam>
<newparam sid="sa"><sampler2D><source>su</source></sampler2D></newparam>
<technique sid="t"><lambert><diffuse><texture texture="sa" texcoord="UV"/></diffuse></lambert></technique>
</profile_COMMON></effect></library_effects>
<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh>{sources}<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<polylist material="wall" count="1"><input semantic="VERTEX" source="#v" offset="0"/>
<input semantic="TEXCOORD" source="#u0" offset="1" set="0"/><input semantic="TEXCOORD" source="#u1" offset="2" set="1"/>
<vcount>4</vcount><p>{places}</p></polylist></mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node id="n1" name="101"><matrix>{matrix}</matrix>
<instance_geometry url="#g"><bind_material><technique_common><instance_material symbol="wall" target="#m">{bound}
</instance_material></technique_common></bind_material></instance_geometry></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#s"/></scene></COLLADA>"""
MOVED = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"
MIRRORED = "-1 0 0 9 0 1 0 0 0 0 1 0 0 0 0 1"
BOUND = '<bind_vertex_input semantic="UV" input_semantic="TEXCOORD" input_set="{}"/>'


def dae(image: str = "q.png", matrix: str = MOVED, bound: str = BOUND.format(0)) -> str:
    """A wall of 9 m x 3 m that looks south. The second set of places has the picture upside down."""
    lists = {
        "p": ("XYZ", "0 0 0 9 0 0 9 0 3 0 0 3"),
        "u0": ("ST", "0 0 1 0 1 1 0 1"),
        "u1": ("ST", "1 1 0 1 0 0 1 0"),
    }
    sources = "".join(
        _FLOATS.format(
            id=id,
            count=4 * len(axes),
            numbers=numbers,
            stride=len(axes),
            params="".join(f'<param name="{axis}" type="float"/>' for axis in axes),
        )
        for id, (axes, numbers) in lists.items()
    )
    return DAE.format(image=image, sources=sources, places="0 0 0 1 1 1 2 2 2 3 3 3", matrix=matrix, bound=bound)


UPRIGHT = ["lower left", "upper left", "lower right", "upper right"]


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ({}, UPRIGHT),
        ({"bound": ""}, UPRIGHT),
        ({"bound": BOUND.format(1)}, UPRIGHT[::-1]),
        ({"matrix": MIRRORED}, [UPRIGHT[k] for k in (2, 3, 0, 1)]),
    ],
)
def test_a_picture_of_collada_is_drawn_as_it_lies(tmp_path: Path, told: dict[str, str], seen: list[str]) -> None:
    (tmp_path / "q.png").write_bytes(quarters())
    (tmp_path / "h.dae").write_text(dae(**told))
    batch = read(tmp_path / "h.dae")
    (body,) = batch.frame["boundary"]
    at = [[X + x, Y, 1040.0 + z] for x in (2.0, 7.0) for z in (0.7, 2.3)]
    assert (batch.issues, len(body)) == ((), 2)
    assert shown(tile(body), at) == seen


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("file:///C:/q.png", "picture_outside"),
        ("../q.png", "picture_outside"),
        ("none.png", "picture_missing"),
        ("h.dae", "picture_unreadable"),
    ],
)
def test_a_picture_of_collada_that_is_not_shown_is_told(tmp_path: Path, image: str, code: str) -> None:
    (tmp_path / "h.dae").write_text(dae(image))
    batch = read(tmp_path / "h.dae")
    (body,) = batch.frame["boundary"]
    assert ([issue.code for issue in batch.issues], len(body), body.appearance) == ([code], 1, {})


@pytest.mark.parametrize("corner", ["-1", "9"])
def test_a_face_with_a_corner_that_is_not_there_is_refused_pictured_or_not(tmp_path: Path, corner: str) -> None:
    (tmp_path / "q.png").write_bytes(quarters())
    for image in ("q.png", "none.png"):
        (tmp_path / "h.dae").write_text(dae(image).replace("2 2 2 3 3 3", f"{corner} 2 2 3 3 3"))
        with pytest.raises(BadSource, match=r"h\.dae: .*(not there|beyond the limits)"):
            read(tmp_path / "h.dae")


def test_another_picture_beside_the_same_collada_is_another_delivery(tmp_path: Path) -> None:
    (tmp_path / "h.dae").write_text(dae("./a%20b.png"))
    checksums = [take(tmp_path / "h.dae")[0].checksum]
    for side in (4, 8):
        (tmp_path / "a b.png").write_bytes(quarters(side=side))
        checksums.append(take(tmp_path / "h.dae")[0].checksum)
    assert len(set(checksums)) == 3
    (body,) = read(tmp_path / "h.dae").frame["boundary"]
    assert [PICTURE in one for one in body.appearance["textures"]] == [True]
