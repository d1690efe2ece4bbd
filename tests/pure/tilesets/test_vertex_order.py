"""Vertices at one place stand together in a file, and nothing else about a model changes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.glb import parse
from tests.little_tilesets import little
from tilesets.gltf.vertex_order import together

_VERTICES = st.lists(st.tuples(*[st.integers(0, 2)] * 3, st.integers(0, 3)), min_size=1, max_size=30)


@given(_VERTICES)
def test_the_order_is_that_of_first_places_and_keeps_each_vertex(rows: list[tuple[int, int, int, int]]) -> None:
    vertices = np.array(rows, dtype=np.uint16)
    expected = sorted(range(len(rows)), key=lambda k: (rows.index(rows[k]), k))
    assert together(vertices[:, :3], vertices[:, 3].astype(np.int64)).tolist() == expected


def test_no_place_of_a_feature_in_a_model_of_one_part_is_come_back_to() -> None:
    models = [parse(data) for name, data in little(60, 32 * 1024).contents.items() if name.endswith(".glb")]
    whole = [glb for glb in models if len(glb.document["meshes"][0]["primitives"]) == 1]
    assert whole
    for glb in whole:
        place = np.column_stack([glb.attribute("POSITION"), glb.attribute("_FEATURE_ID_0")])
        runs = 1 + int((np.diff(place, axis=0) != 0).any(axis=1).sum())
        assert runs == len(np.unique(place, axis=0))
