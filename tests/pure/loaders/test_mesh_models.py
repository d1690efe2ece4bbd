"""Mesh models: what a third-party writer wrote is read to the corner, and hostile files are refused in one sentence."""

import base64
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from cim.errors import BadSource, MissingCrs
from cim.plugins import Anchor, Source
from cim.types import Box, Surface
from loaders.delivery.files import recognise
from loaders.formats import obj_parts
from loaders.formats.mesh_bodies import body
from loaders.formats.mesh_parts import Part
from loaders.formats.planar_faces import planar_faces
from tests.mesh_files import FACES, gabled, obj

X, Y = 439_000.0, 4_440_000.0
STATED = {"crs": "EPSG:4547", "anchor": Anchor(X, Y, 1040.0)}
CITY = (Box(112.57, 39.04, 114.57, 40.74), "EPSG:4547")


def read(path: Path, **stated):
    source = Source(str(path), "buildings", city=CITY, **{**STATED, **stated})
    (batch,) = recognise(path).read(source)
    return batch


def triangles() -> np.ndarray:
    return np.array([[face[0], face[k], face[k + 1]] for face in FACES for k in range(1, len(face) - 1)])


def gltf(position: bytes, indices: bytes, corners: int, **changed) -> dict:
    """A document of one mesh whose buffer is embedded."""
    data = indices + position
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    views = [{"buffer": 0, "byteOffset": 0, "byteLength": len(indices)}]
    views += [{"buffer": 0, "byteOffset": len(indices), "byteLength": len(position)}]
    accessors = [{"bufferView": 0, "componentType": 5123, "count": len(indices) // 2, "type": "SCALAR"}]
    accessors += [{"bufferView": 1, "componentType": 5126, "count": corners, "type": "VEC3"}]
    return {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": len(data), "uri": uri}],
        "bufferViews": views,
        "accessors": accessors,
        "meshes": [{"primitives": [{"indices": 0, "attributes": {"POSITION": 1}}]}],
        "nodes": [{"mesh": 0, "name": "101"}, {"mesh": 0, "name": "102", "translation": [30.0, 0.0, 0.0]}],
        "scenes": [{"nodes": [0, 1]}],
        "scene": 0,
    } | changed


def house_gltf(path: Path, **changed) -> Path:
    at = gabled(0.0, 0.0, 0.0)
    upright = np.column_stack([at[:, 0], at[:, 2], -at[:, 1]]).astype("<f4")
    document = gltf(upright.tobytes(), triangles().astype("<u2").tobytes(), len(at), **changed)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.long  # trimesh takes a second to import
def test_gltf_is_turned_upright_and_each_node_is_a_body(tmp_path: Path) -> None:
    frame = read(house_gltf(tmp_path / "h.gltf")).frame
    assert frame["id"].tolist() == ["101", "102"]
    for row, east in zip(frame["boundary"], (0.0, 30.0), strict=True):
        assert np.array_equal(np.unique(row.positions(), axis=0), np.unique(gabled(X + east, Y, 1040.0), axis=0))
        assert (row.kind, len(row), row.above_base) == ("Solid", 7, False)
    assert frame.geometry.iloc[1].equals(shapely.box(X + 30, Y, X + 40, Y + 6))


DAE = """<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><unit name="inch" meter="0.0254"/><up_axis>Z_UP</up_axis></asset>
<library_geometries><geometry id="g"><mesh>
<source id="p"><float_array id="pa" count="30">{numbers}</float_array><technique_common>
<accessor source="#pa" count="10" stride="3"><param name="X" type="float"/><param name="Y" type="float"/>
<param name="Z" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles count="{count}"><input semantic="VERTEX" source="#v" offset="0"/><p>{places}</p></triangles>
</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node id="n1" name="101"><matrix>1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1</matrix>
<instance_geometry url="#g"/></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#s"/></scene></COLLADA>"""


def dae() -> str:
    numbers = " ".join(f"{value / 0.0254:.9f}" for value in gabled(0.0, 0.0, 0.0).ravel())
    return DAE.format(numbers=numbers, count=len(triangles()), places=" ".join(map(str, triangles().ravel())))


@pytest.mark.long  # so does pycollada
def test_collada_is_read_in_its_own_unit_and_axis(tmp_path: Path) -> None:
    path = tmp_path / "h.dae"
    path.write_text(dae(), encoding="utf-8")
    frame = read(path).frame
    assert frame["node"].tolist() == ["101"]
    row = frame["boundary"].iloc[0]
    assert np.allclose(np.unique(row.positions().round(4), axis=0), np.unique(gabled(X, Y, 1040.0), axis=0), atol=1e-3)
    assert len(row) == 7


def test_obj_keeps_its_faces_and_their_colours(tmp_path: Path) -> None:
    path = obj(tmp_path / "h.obj", {"a": gabled(0.0, 0.0, 0.0)})
    (tmp_path / "h.mtl").write_text("newmtl tile\nKd 0.2 0.3 0.4\nmap_Kd tile.png\n")
    path.write_text("mtllib h.mtl\nusemtl tile\n" + path.read_text())
    batch = read(path, up="z")
    row = batch.frame["boundary"].iloc[0]
    assert [len(p.exterior.coords) - 1 for p in row.polygons] == [len(face) for face in FACES]
    assert row.appearance["materials"] == [{"name": "tile", "diffuseColor": [0.2, 0.3, 0.4]}]
    assert [issue.code for issue in batch.issues] == ["picture_missing"]
    expected = [Surface.ground, Surface.wall, Surface.wall, Surface.roof, Surface.roof, Surface.wall, Surface.wall]
    assert row.surface.tolist() == expected


def test_each_object_holds_its_own_corners_alone(tmp_path: Path) -> None:
    """A list of corners that all share, looked through and moved for each, would cost the square of the objects."""
    path = obj(tmp_path / "a.obj", {f"b{k}": gabled(20.0 * k, 0.0, 0.0) for k in range(30)})
    parts = obj_parts.read(path).parts
    assert [len(part.at) for part in parts] == [10] * 30
    for k, part in enumerate(parts):
        corners = part.at[[place for ring in part.rings for place in ring]]
        assert corners.tolist() == gabled(20.0 * k, 0.0, 0.0)[[place for face in FACES for place in face]].tolist()


def test_a_model_turned_inside_out_is_turned_back() -> None:
    corners = gabled(X, Y, 0.0)
    wrong = Part("a", corners, triangles()[:, ::-1])
    right = Part("a", corners, triangles())
    for made in (body([wrong], above_base=False), body([right], above_base=False)):
        assert made.kind == "Solid"
        assert [made.surface.tolist().count(code) for code in (Surface.ground, Surface.roof, Surface.wall)] == [1, 2, 4]


def test_flat_neighbours_become_one_face_with_its_hole_and_bent_ones_stay() -> None:
    outer = [(0, 0), (9, 0), (9, 9), (0, 9)]
    inner = [(3, 3), (6, 3), (6, 6), (3, 6)]
    at = np.array([(x, y, 5.0) for x, y in outer + inner])
    ring = [[k, (k + 1) % 4, 4 + k] for k in range(4)] + [[(k + 1) % 4, 4 + (k + 1) % 4, 4 + k] for k in range(4)]
    (face,) = planar_faces(at, np.array(ring))
    assert (face.area, len(face.interiors)) == (72.0, 1)
    bent = at.copy()
    bent[2, 2] = 7.0
    assert sum(f.area for f in planar_faces(bent, np.array(ring))) == pytest.approx(72.0)
    assert len(planar_faces(bent, np.array(ring))) > 1
    assert planar_faces(at, np.array([[0, 0, 1]])) == []


def test_an_anchor_in_degrees_points_the_model_to_true_north(tmp_path: Path) -> None:
    path = obj(tmp_path / "h.obj", {"a": gabled(0.0, 0.0, 0.0, width=2.0, depth=100.0)})
    batch = read(path, up="z", crs=None, anchor=Anchor(113.2, 40.1, 1040.0, is_lonlat=True))
    corners = batch.frame["boundary"].iloc[0].positions()
    lon, lat = Transformer.from_crs(batch.crs, "EPSG:4326", always_xy=True).transform(corners[:, 0], corners[:, 1])
    origin = int(np.argmin(np.hypot(lon - 113.2, lat - 40.1)))
    farthest = int(np.argmin(np.hypot(lon - 113.2, lat - lat.max())))
    azimuth, _, length = Geod(ellps="GRS80").inv(lon[origin], lat[origin], lon[farthest], lat[farthest])
    assert abs(azimuth) < 0.01
    assert length == pytest.approx(100.0, abs=0.05)


def test_a_model_that_nobody_places_is_refused_with_what_to_write(tmp_path: Path) -> None:
    path = obj(tmp_path / "h.obj", {"a": gabled(0.0, 0.0, 0.0)})
    with pytest.raises(MissingCrs, match="anchor = "):
        read(path, up="z", crs=None, anchor=None)
    with pytest.raises(MissingCrs, match="x and y"):
        read(path, up="z", crs=None)
    with pytest.raises(BadSource, match="degrees"):
        read(path, up="z", crs="EPSG:4326", anchor=None)
    with pytest.raises(BadSource, match='up = "y"'):
        read(path)


BROKEN = {
    "no faces": "v 0 0 0\nv 1 0 0\nv 0 1 0\n",
    "not there": "v 0 0 0\nv 1 0 0\nf 1 2 3\n",
    "no number": "v 0 0 0\nv 1 0 nan\nv 0 1 0\nf 1 2 3\n",
    "cannot be made out": "v 0 0\n",
    "cannot be made out ": "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\n",
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_obj_is_refused_in_one_sentence(tmp_path: Path, why: str) -> None:
    path = tmp_path / "h.obj"
    path.write_text(BROKEN[why])
    with pytest.raises(BadSource, match="cannot be made out|" + why.strip()) as caught:
        read(path, up="z")
    assert "\n" not in str(caught.value)


def test_a_library_elsewhere_is_not_opened(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.mtl").write_text("newmtl tile\nKd 1 0 0\n")
    path = obj(folder / "h.obj", {"a": gabled(0.0, 0.0, 0.0)})
    path.write_text("mtllib ../secret.mtl\nusemtl tile\n" + path.read_text())
    assert read(path, up="z").frame["boundary"].iloc[0].appearance == {}
    (folder / "link.mtl").symlink_to(tmp_path / "secret.mtl")
    path.write_text(path.read_text().replace("../secret.mtl", "link.mtl"))
    assert read(path, up="z").frame["boundary"].iloc[0].appearance == {}


@pytest.mark.long
def test_hostile_gltf_is_refused_in_one_sentence(tmp_path: Path) -> None:
    circle = [{"mesh": 0, "children": [1]}, {"children": [0]}]
    hostile = {
        "lies elsewhere": {"buffers": [{"byteLength": 9, "uri": "../../etc/passwd"}]},
        "lies elsewhere ": {"buffers": [{"byteLength": 9, "uri": "https://host/a.bin"}]},
        "without compression": {"extensionsRequired": ["KHR_draco_mesh_compression"]},
        "circle": {"nodes": circle},
        "two parents": {"nodes": [{"mesh": 0, "children": [2]}, {"children": [2]}, {}]},
        "without bytes": {"accessors": [{"componentType": 5126, "count": 10**9, "type": "VEC3"}] * 2},
        "faces; at most": {"nodes": [{"mesh": 0}] * 99_000, "accessors": [{"count": 90_000, "bufferView": 0}] * 2},
        "cannot be read as glTF": {"meshes": [{"primitives": [{"attributes": {"POSITION": 99}}]}]},
        "no glTF 2.0": {"asset": {"version": "1.0"}},
        "no glTF 2.0 ": {"asset": ["2.0"]},
        "at most": {"nodes": [{}] * 100_001},
    }
    for why, changed in hostile.items():
        path = house_gltf(tmp_path / "h.gltf", **changed)
        with pytest.raises(BadSource, match=why.strip()) as caught:
            read(path)
        assert "\n" not in str(caught.value), why
    path = tmp_path / "h.glb"
    path.write_bytes(b"glTF" + struct.pack("<IIII", 2, 10**6, 10**6, 0x4E4F534A) + b"{}")
    with pytest.raises(BadSource, match="breaks off"):
        read(path)
    path.write_bytes(b"glTF" + b"\xff" * 40)
    with pytest.raises(BadSource):
        read(path)


@pytest.mark.long
def test_hostile_collada_is_refused_in_one_sentence(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    head = '<?xml version="1.0"?>\n'
    hostile = {
        "document type or entities": dae().replace(head, f'{head}<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>\n'),
        "document type or entities ": dae().replace(head, f'{head}<!DOCTYPE a SYSTEM "file:///etc/passwd">\n'),
        "lies elsewhere": dae().replace('url="#g"', 'url="https://host/other.dae#g"'),
        "no XML": "<COLLADA",
        "no faces": "<?xml version='1.0'?><other/>",
        "no number": dae().replace(f"{6.0 / 0.0254:.9f}", "NaN"),
        "anchor": dae().replace("<matrix>1 0 0 0", "<matrix>1 0 0 4000000"),
        "corner|COLLADA": dae().replace(f"<p>{' '.join(map(str, triangles().ravel()))}", "<p>77 78 79"),
    }
    for why, text in hostile.items():
        path = tmp_path / "h.dae"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadSource, match=why.strip()) as caught:
            read(path)
        assert "\n" not in str(caught.value), why


def test_a_read_that_goes_on_goes_on_behind_what_was_read(tmp_path: Path) -> None:
    path = obj(tmp_path / "h.obj", {name: gabled(30.0 * k, 0.0, 0.0) for k, name in enumerate("abc")})
    source = Source(str(path), "buildings", up="z", **STATED)
    assert [b.frame["id"].tolist() for b in recognise(path).read(source, 2)] == [["c"]]
    assert list(recognise(path).read(source, 3)) == []
    whole = replace(source, constants={"id": "tower"})
    assert [(b.frame["id"].tolist(), len(b.frame["boundary"].iloc[0])) for b in recognise(path).read(whole)] == [
        (["tower"], 21)
    ]
