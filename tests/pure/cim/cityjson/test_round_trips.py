"""CityJSON both ways: what is read, written and read again is the same, whatever it is made of."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.cityjson.joining import join
from cim.cityjson.record import CityRecord
from tests.city_models import PART, assert_same, document, pieces, records, turned_round


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans()), min_size=1, max_size=3).flatmap(
        lambda flags: st.tuples(*(pieces(of="a-1" if flag else None) for (flag,) in flags))
    )
)
def test_any_body_comes_back_as_it_was(some):
    """As a record of its own first: what a reader makes of it is held against what it makes of what was written."""
    body = join(some, {"geographicalExtent": [0, 0, 0, 1, 1, 1]}, [PART])
    told = CityRecord("a", {"owner": "杨", "list": [1, {"x": None}]}, ((2.0, body),))
    (first,) = records(turned_round([told]))
    assert (first.id, first.attributes) == (told.id, told.attributes)
    (again,) = records(turned_round([first]))
    for (level, one), (_, other) in zip(first.bodies, again.bodies, strict=True):
        assert level == 2.0
        assert_same(one, other)
    if all(piece.of is None for piece in some):  # parts come behind the building they are of
        assert_same(body, first.bodies[0][1])


@pytest.mark.parametrize("name", ["cjio_dummy", "cjio_multi_lod", "cjio_rotterdam_subset"])
def test_files_of_others_come_back_as_they_were(shared: Path, name):
    told = orjson.loads((shared / f"city_models/{name}.json").read_bytes())
    before = records(told)
    after = records(turned_round(before))
    assert [one.id for one in before] == [one.id for one in after]
    for one, other in zip(before, after, strict=True):
        assert one.attributes == other.attributes
        assert [level for level, _ in one.bodies] == [level for level, _ in other.bodies]
        for (_, body), (_, back) in zip(one.bodies, other.bodies, strict=True):
            assert_same(body, back)


def test_a_coordinate_is_one_number_however_a_file_cuts_it():
    cut = document(transform={"scale": [0.001] * 3, "translate": [430000.5, 4430000.125, 0.1]})
    moved = [[x + 9_875_500, y + 9_759_875, z + 1_039_900] for x, y, z in cut["vertices"]]
    (one,), (other,) = records(document()), records({**cut, "vertices": moved})
    assert_same(one.bodies[0][1], other.bodies[0][1])
