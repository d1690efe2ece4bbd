"""Ids of city objects that stand twice in one text of CityJSON: the first is read, the others are set aside whole."""

import orjson
import pytest

from cim.errors import BadSource
from cim.plugins import Source
from loaders.delivery.files import recognise
from tests.city_models import CORNERS, cube, document

_GOOD = {"type": "Building", "geometry": [cube()]}


def _read(path, text):
    path.write_bytes(text)
    (batch,) = recognise(path).read(Source(str(path), "buildings"))
    return batch


def _written_twice(*names):
    """A document whose text gives one building several times, each under one of these names as JSON writes it."""
    held = b",".join(b'%b:{"type":"Building","attributes":{"told":%d},"geometry":[]}' % (n, k) for k, n in names)
    return orjson.dumps(document(CityObjects={"z": _GOOD})).replace(b'"CityObjects":{', b'"CityObjects":{%b,' % held)


def test_an_id_that_stands_twice_in_a_text_keeps_the_first_and_sets_the_others_aside_whole(tmp_path):
    batch = _read(tmp_path / "a.city.json", _written_twice((1, b'"a"'), (2, b'"\\u0061"'), (3, b'"a"'), (4, b'"b"')))
    assert batch.frame[["id", "told"]].fillna(0).values.tolist() == [["a", 1], ["b", 4], ["z", 0]]
    assert [(one.row, one.codes) for one in batch.damaged] == [(4, ("duplicate_key",)), (5, ("duplicate_key",))]
    assert [one.content["raw"]["CityObject"]["attributes"]["told"] for one in batch.damaged] == [2, 3]


def test_buildings_of_both_are_read_where_the_member_that_holds_them_stands_twice(tmp_path):
    text = orjson.dumps(document(CityObjects={"a": _GOOD})).replace(
        b'"CityObjects":', b'"CityObjects":{"b":%b},"CityObjects":' % orjson.dumps(_GOOD)
    )
    assert _read(tmp_path / "a.city.json", text).frame["id"].tolist() == ["b", "a"]


def test_what_is_no_object_takes_no_building_away(tmp_path):
    text = _written_twice((1, b'"a"')).replace(b'"z":', b'"a":null,"z":')
    batch = _read(tmp_path / "a.city.json", text)
    assert (batch.frame["id"].tolist(), [one.codes for one in batch.damaged]) == (["a", "z"], [("duplicate_key",)])


def test_ids_that_other_members_are_called_by_are_no_repetition(tmp_path):
    objects = {"attributes": {**_GOOD, "attributes": {"n": 1}}, "semantics": _GOOD}
    batch = _read(tmp_path / "a.city.json", orjson.dumps(document(CityObjects=objects)))
    assert (batch.frame["id"].tolist(), batch.damaged) == (["attributes", "semantics"], ())


def _feature(id):
    return {"type": "CityJSONFeature", "id": id, "CityObjects": {id: _GOOD}, "vertices": CORNERS}


def test_an_id_twice_in_a_line_of_a_sequence_costs_the_later_one(tmp_path):
    twice = orjson.dumps(_feature("a")).replace(b'"CityObjects":{', b'"CityObjects":{"a":%b,' % orjson.dumps(_GOOD))
    head = orjson.dumps(document(CityObjects={}, vertices=[]))
    batch = _read(tmp_path / "a.city.jsonl", b"\n".join((head, twice, orjson.dumps(_feature("b")))))
    assert batch.frame["id"].tolist() == ["a", "b"]
    assert [one.codes for one in batch.damaged] == [("duplicate_key",)]


def test_ids_twice_that_cannot_be_told_apart_are_refused_not_dropped(tmp_path):
    deep = b"[" * 1000 + b"]" * 1000
    with pytest.raises(BadSource, match="occur twice"):
        _read(
            tmp_path / "a.city.json", _written_twice((1, b'"a"'), (2, b'"a"')).replace(b'"told":2', b'"told":%b' % deep)
        )
