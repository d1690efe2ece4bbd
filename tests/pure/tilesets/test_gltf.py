"""The GLB writer against a reader of its own: positions, attributes and tables come back as they went in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cim.types import RoofForm, Use
from tests.glb import decompressed, parse
from tilesets.gltf.glb import Model, byte_normals, encode, quantise
from tilesets.gltf.metadata import Property, PropertyTable
from tilesets.gltf.placement import frame_at


def model(count: int = 3, *, vertices: int = 60, names: list[str] | None = None) -> Model:
    random = np.random.default_rng(5)
    normal = random.normal(size=(vertices, 3))
    table = PropertyTable(
        "building",
        count,
        (
            Property("id", np.arange(count, dtype=np.int64) + 2**40, "id"),
            Property("name", names or [""] * count, "name", no_data=""),
            Property("use", np.arange(count, dtype=np.uint8) % len(Use), "use", choices=Use),
            Property("height", np.linspace(1, 9, count, dtype=np.float32), "height"),
            Property("is_synthetic", np.arange(count) % 2 == 0, "synthetic"),
        ),
    )
    return Model(
        position=quantise(random.uniform(-800, 900, (vertices, 3))),
        normal=normal / np.linalg.norm(normal, axis=1)[:, None],
        colour=random.integers(0, 256, (vertices, 3)).astype(np.uint8),
        feature=np.sort(random.integers(0, count, vertices)),
        triangles=random.integers(0, vertices, (40, 3)),
        pose=frame_at(439876.0, 4439760.0, "EPSG:4547").pose(),
        table=table,
    )


def rotations_removed(triangles: np.ndarray) -> np.ndarray:
    """Triangles begun at their smallest vertex: the index codec may turn them, never flip them."""
    first = triangles.argmin(axis=1)
    return np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1)


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("vertices", [60, 70_000])
def test_what_is_read_is_what_was_written(compress: bool, vertices: int) -> None:
    written = model(vertices=vertices)
    glb = parse(encode(written, compress=compress))
    assert (glb.attribute("POSITION") == written.position.value).all()
    assert (glb.attribute("NORMAL") == byte_normals(written.normal)).all()
    assert (glb.attribute("COLOR_0") == written.colour).all()
    assert (glb.attribute("_FEATURE_ID_0") == written.feature).all()
    assert (rotations_removed(glb.triangles()) == rotations_removed(written.triangles)).all()


def test_the_table_comes_back_with_its_chinese_names() -> None:
    names = ["华严寺", "", "善化寺 · Shanhua Temple"]
    table = parse(encode(model(names=names))).table()
    assert table["name"] == names
    assert table["id"].tolist() == [2**40, 2**40 + 1, 2**40 + 2]
    assert table["use"].tolist() == [0, 1, 2]
    assert table["is_synthetic"].tolist() == [True, False, True]
    assert table["height"].tolist() == [1.0, 5.0, 9.0]


def test_a_column_that_knows_nothing_is_left_out_but_declared() -> None:
    glb = parse(encode(model()))
    assert "name" not in glb.table()
    schema = glb.document["extensions"]["EXT_structural_metadata"]["schema"]
    assert schema["classes"]["building"]["properties"]["name"]["noData"] == ""


def test_every_view_of_the_table_is_aligned_to_eight_bytes_of_the_file() -> None:
    data = encode(model(names=["a", "bcd", "e"]))
    glb = parse(data)
    chunk_at = len(data) - len(glb.chunk)
    table = glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
    views = [
        entry[key] for entry in table["properties"].values() for key in ("values", "stringOffsets") if key in entry
    ]
    assert chunk_at % 8 == 0
    assert all(glb.document["bufferViews"][view]["byteOffset"] % 8 == 0 for view in views)


def test_the_fallback_buffer_holds_exactly_the_decompressed_views() -> None:
    document = parse(encode(model())).document
    chunk, fallback = document["buffers"]
    assert fallback["extensions"]["EXT_meshopt_compression"] == {"fallback": True}
    ends = [v["byteOffset"] + v["byteLength"] for v in document["bufferViews"] if v["buffer"] == 1]
    assert max(ends) <= fallback["byteLength"] < max(ends) + 8
    assert "uri" not in chunk
    assert set(document["extensionsRequired"]) == {"KHR_mesh_quantization", "EXT_meshopt_compression"}


def test_the_vertex_streams_are_of_the_version_the_extension_names() -> None:
    glb = parse(encode(model()))
    heads = {
        glb.chunk[packed["byteOffset"]]
        for view in glb.document["bufferViews"]
        if (packed := view.get("extensions", {}).get("EXT_meshopt_compression")) and packed["mode"] == "ATTRIBUTES"
    }
    assert heads == {0xA0}


def test_decompressed_variants_say_the_same() -> None:
    data = encode(model(names=["一", "二", "三"]))
    a, b = parse(data), parse(decompressed(data))
    assert (a.ecef() == b.ecef()).all()
    assert a.table()["name"] == b.table()["name"]
    assert "EXT_meshopt_compression" not in str(b.document)


def test_enumerations_carry_all_their_names() -> None:
    enums = parse(encode(model())).document["extensions"]["EXT_structural_metadata"]["schema"]["enums"]
    assert {v["name"]: v["value"] for v in enums["Use"]["values"]} == {use.name: int(use) for use in Use}
    assert RoofForm.flat.name not in {v["name"] for v in enums["Use"]["values"]}


def test_more_features_than_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="65,536"):
        encode(model(count=2**16 + 1))


@given(arrays.arrays(np.float64, (7, 3), elements=st.floats(-3000, 3000)), st.booleans())
def test_quantised_positions_are_within_half_a_step(position: np.ndarray, per_axis: bool) -> None:
    steps = quantise(position, per_axis=per_axis)
    back = steps.offset + steps.value * steps.step
    assert (np.abs(back - position) <= steps.step / 2 + 1e-9).all()
    assert (np.log2(steps.step) % 1 == 0).all()


@given(st.floats(-1, 1), st.floats(-np.pi, np.pi))
def test_byte_normals_are_of_unit_length_for_a_strict_validator(z: float, angle: float) -> None:
    flat = np.sqrt(1 - z * z)
    normal = np.array([[flat * np.cos(angle), flat * np.sin(angle), z]])
    stored = byte_normals(normal)[0] / 127.0
    assert abs(np.linalg.norm(stored) - 1.0) < 0.00674
    assert stored @ normal[0] / np.linalg.norm(stored) > 0.9999
