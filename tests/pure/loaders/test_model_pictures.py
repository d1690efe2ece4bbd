"""Pictures of mesh models: kept with the places of their corners, reduced, and refused where they are hostile."""

import base64
import io
import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cim.boundary import PICTURE
from cim.errors import BadSource
from cim.plugins import Source
from loaders.delivery.files import refuse_changed, take
from loaders.sources import mesh_model
from tests.city_models import cube, document, records, turned_round
from tests.mesh_files import gabled, obj
from tests.pure.loaders.test_mesh_models import gltf, read


def painted(size=(1000, 500)) -> bytes:
    """A picture, red on its left half and blue on its right."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


def pictured(folder: Path, name: str) -> Path:
    """A house whose first wall shows a picture and whose other faces show none."""
    path = obj(folder / "h.obj", {"a": gabled(0.0, 0.0, 0.0)})
    (folder / "h.mtl").write_text(f"newmtl tile\nKd 0.2 0.3 0.4\nmap_Kd {name}\n")
    wall = "usemtl tile\nvt 0 0\nvt 2 0\nvt 2 1\nvt 0 1\nf 1/1 2/2 6/3 5/4\nusemtl other"
    path.write_text("mtllib h.mtl\n" + path.read_text().replace("f 1 2 6 5", wall))
    return path


def test_a_picture_comes_reduced_with_the_places_of_its_corners(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tile.png").write_bytes(painted())
    batch = read(pictured(tmp_path, "in/tile.png"), up="z")
    look = batch.frame["boundary"].iloc[0].appearance
    ((number, uv),) = next(one for one in look["texture"][""] if one is not None)
    assert (number, uv) == (0, [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]])
    (told,) = look["textures"]
    image = Image.open(io.BytesIO(base64.b64decode(told[PICTURE])))
    assert (told["type"], told["image"], image.size, image.format) == ("PNG", "in/tile.png", (512, 256), "WEBP")
    assert [issue.code for issue in batch.issues] == []
    again = read(pictured(tmp_path, "in/tile.png"), up="z")
    assert again.frame["boundary"].iloc[0].appearance == look


REFUSED = {
    "../secret.png": "picture_outside",
    "/secret.png": "picture_outside",
    "https://example.org/a.png": "picture_outside",
    "..\\secret.png": "picture_outside",
    "link.png": "picture_outside",
    "none.png": "picture_missing",
    ".": "picture_outside",
    "spoilt.png": "picture_unreadable",
    "wide.png": "picture_too_large",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_picture_that_is_refused_is_told_and_the_model_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(painted((4, 4)))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "spoilt.png").write_bytes(painted((4, 4))[:40])
    wide = bytearray(painted((4, 4)))
    wide[16:24] = struct.pack(">II", 100_000, 100_000)
    wide[29:33] = struct.pack(">I", zlib.crc32(bytes(wide[12:29])))
    (folder / "wide.png").write_bytes(wide)
    batch = read(pictured(folder, name), up="z")
    assert [issue.code for issue in batch.issues] == [REFUSED[name]]
    row = batch.frame["boundary"].iloc[0]
    assert (len(row), "textures" in row.appearance) == (7, False)
    assert row.appearance["materials"] == [{"name": "tile", "diffuseColor": [0.2, 0.3, 0.4]}]


@pytest.mark.long
@pytest.mark.parametrize("where", ["embedded", "beside"])
def test_gltf_keeps_its_pictures_and_where_they_lie(tmp_path: Path, where: str) -> None:
    """glTF counts places from the upper left, CityJSON from the lower left; the transform moves them."""
    at = np.array([[0, 0, 0], [4, 0, 0], [4, 3, 0]], dtype="<f4")
    uv = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]], dtype="<f4")
    document = gltf(at.tobytes() + uv.tobytes(), np.array([0, 1, 2, 0], dtype="<u2").tobytes(), 3)
    document["accessors"][0]["count"] = 3
    document["bufferViews"] += [{"buffer": 0, "byteOffset": 8 + 36, "byteLength": 24}]
    document["accessors"] += [{"bufferView": 2, "componentType": 5126, "count": 3, "type": "VEC2"}]
    moved = {"KHR_texture_transform": {"scale": [2.0, 1.0], "offset": [0.0, 0.0]}}
    paint = {"baseColorTexture": {"index": 0, "extensions": moved}, "baseColorFactor": [0.5, 0.5, 0.5, 1.0]}
    (tmp_path / "a b.png").write_bytes(painted((8, 8)))
    data = "data:image/png;base64," + base64.b64encode(painted((8, 8))).decode()
    document |= {"images": [{"uri": data if where == "embedded" else "a%20b.png"}], "textures": [{"source": 0}]}
    document["materials"] = [{"name": "wall", "pbrMetallicRoughness": paint}]
    primitive = {"indices": 0, "attributes": {"POSITION": 1, "TEXCOORD_0": 2}, "material": 0}
    document |= {
        "meshes": [{"primitives": [primitive]}],
        "nodes": [{"mesh": 0, "name": "1"}],
        "scenes": [{"nodes": [0]}],
    }
    (tmp_path / "t.gltf").write_text(json.dumps(document))
    batch = read(tmp_path / "t.gltf")
    row = batch.frame["boundary"].iloc[0]
    assert row.appearance["texture"] == {"": [[[0, [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]]]]]}
    assert (len(row.appearance["textures"]), batch.issues) == (1, ())
    assert row.appearance["materials"][0]["name"] == "wall"


def test_pictures_of_the_store_neither_come_from_a_file_nor_go_into_one() -> None:
    texture = {"type": "PNG", "image": "a.png", PICTURE: "UklGRg=="}
    drawn = {"": {"values": [[[[0, 0, 1, 2, 3]], *[[[None]]] * 5]]}}
    paints = {"textures": [texture], "vertices-texture": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    told = document(appearance=paints)
    told["CityObjects"]["a"]["geometry"] = [cube(texture=drawn)]
    (record,) = records(told)
    (level, body), *_ = record.bodies
    assert body.appearance["textures"] == [{"type": "PNG", "image": "a.png"}]
    held = replace(body, appearance={**body.appearance, "textures": [texture]})
    again = turned_round([replace(record, bodies=((level, held),))])
    assert again["appearance"]["textures"] == [{"type": "PNG", "image": "a.png"}]


def test_a_model_turned_right_side_out_keeps_the_places_of_its_corners(tmp_path: Path) -> None:
    (tmp_path / "tile.png").write_bytes(painted((8, 8)))
    path = pictured(tmp_path, "tile.png")
    plain = read(path, up="z").frame["boundary"].iloc[0]
    faces = [line.split() for line in path.read_text().splitlines()]
    turned = [" ".join([w[0], *w[:0:-1]]) if w[0] == "f" else " ".join(w) for w in faces]
    path.write_text("\n".join(turned) + "\n")
    found = read(path, up="z").frame["boundary"].iloc[0]
    assert (plain.kind, found.kind) == ("Solid", "Solid")
    of = []
    for body in (plain, found):
        (number,) = [k for k, one in enumerate(body.appearance["texture"][""]) if one is not None]
        uv = body.appearance["texture"][""][number][0][1]
        of.append({at: tuple(p) for at, p in zip(body.polygons[number].exterior.coords[:-1], uv, strict=True)})
    assert of[0] == of[1]


@pytest.mark.parametrize("kind", ["obj", "gltf", "glb"])
def test_another_picture_beside_the_same_model_is_another_delivery(tmp_path: Path, kind: str) -> None:
    picture = tmp_path / "tile.png"
    told = json.dumps({"asset": {"version": "2.0"}, "images": [{"uri": picture.name}, {"uri": "data:,"}]}).encode()
    if kind == "obj":
        path = pictured(tmp_path, picture.name)
    else:
        path = tmp_path / f"h.{kind}"
        chunk = struct.pack("<4sIIII", b"glTF", 2, 20 + len(told), len(told), 0x4E4F534A) + told
        path.write_bytes(told if kind == "gltf" else chunk)
    checksums = [take(path)[0].checksum]
    for size in ((4, 4), (8, 8)):
        picture.write_bytes(painted(size))
        came = take(path)
        checksums.append(came[0].checksum)
    assert len(set(checksums)) == 3
    assert take(path) == came
    picture.write_bytes(painted((16, 16)))
    with pytest.raises(BadSource, match="changed while it was read"):
        refuse_changed(came)


def test_a_library_of_another_name_counts_with_its_model_and_one_elsewhere_does_not(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = pictured(tmp_path / "in", "none.png")
    path.write_text(path.read_text().replace("mtllib h.mtl", "mtllib ../out.mtl\nmtllib all colours.mtl # a note"))
    checksums = []
    for name in ("out.mtl", "in/all colours.mtl"):
        for colour in ("0.1 0.1 0.1", "0.9 0.1 0.1"):
            (tmp_path / name).write_text(f"newmtl tile\nKd {colour}\n")
            checksums.append(take(path)[0].checksum)
    assert checksums[0] == checksums[1]
    assert len(set(checksums)) == 3


@pytest.mark.parametrize(
    "text", [b"", b"mtllib", b"glTF", b"[]", b'{"images": 3}', b'{"images": [3, {"uri": 4}]}', b"\xff{"]
)
@pytest.mark.parametrize("name", ["a.obj", "a.gltf", "a.glb"])
def test_a_spoilt_model_has_a_checksum(tmp_path: Path, name: str, text: bytes) -> None:
    (tmp_path / name).write_bytes(text)
    assert take(tmp_path / name)[0].size == len(text)


def test_many_bodies_that_show_one_picture_come_in_batches_and_share_it(tmp_path: Path) -> None:
    (tmp_path / "tile.png").write_bytes(painted((4, 4)))
    (tmp_path / "h.mtl").write_text("newmtl tile\nmap_Kd tile.png\n")
    roof = "v 0 0 3\nv 4 0 3\nv 4 4 3\nvt 0 0\nvt 1 0\nvt 1 1\nf -3/-3 -2/-2 -1/-1\n"
    count, path = mesh_model.BATCH_ROWS + 1, tmp_path / "h.obj"
    path.write_text("mtllib h.mtl\nusemtl tile\n" + "".join(f"o b{number:03}\n{roof}" for number in range(count)))
    source = Source(str(path), "buildings", crs="EPSG:4547", up="z")
    batches = list(mesh_model.OBJ.read(source))
    assert [(len(one.frame), one.last_row, one.records) for one in batches] == [(200, 200, 201), (1, 201, 201)]
    kept = [look.appearance["textures"][0][PICTURE] for one in batches for look in one.frame["boundary"]]
    assert len({id(one) for one in kept}) == 1
    (rest,) = mesh_model.OBJ.read(source, after=200)
    assert rest.frame["id"].tolist() == ["b200"]
