"""Damaged GeoJSON: what is well-formed arrives, what is not is one stretch with one number, in any of the usual layouts."""

import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.errors import BadInput
from loaders.formats import json_stream
from tests.geojson_files import LAYOUTS, codes, damaged, encoded, feature, ids, joined, read

pytestmark = pytest.mark.long

SPOIL = {
    "overwritten": lambda text, r: r.randbytes(len(text)),
    "flipped": lambda text, r: bytes(
        c ^ 0xA5 if i in set(r.sample(range(len(text)), 3)) else c for i, c in enumerate(text)
    ),
    "a bracket dropped": lambda text, r: text.replace(r.choice([b"{", b"}", b"[", b"]", b'"']), b"", 1),
    "cut short": lambda text, r: text[: r.randrange(1, len(text))],
    "its head cut off": lambda text, r: text[r.randrange(1, len(text)) :],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fault", SPOIL)
def test_of_a_spoilt_file_every_untouched_feature_arrives(tmp_path, layout, fault):
    luck = random.Random(f"{layout} {fault}")
    texts = encoded([feature(i) for i in range(3_000)], layout)
    touched = set(luck.sample(range(1, 3_000), 30))
    for i in touched:
        texts[i] = SPOIL[fault](texts[i], luck)
    batches = read(tmp_path, joined(texts, layout))
    arrived = set(ids(batches))
    assert {f"k{i}" for i in range(3_000) if i not in touched} <= arrived
    rows = [row for b in batches for row in [*b.frame.index, *(r.row for r in b.damaged)]]
    assert sorted(rows) == list(range(1, len(rows) + 1))
    lost = len({f"k{i}" for i in touched} - arrived)
    assert damaged(batches) or not lost
    assert all(set(r.content) == {"raw"} for r in damaged(batches))


def test_neighbouring_damage_is_one_stretch_with_one_number_and_its_text(tmp_path):
    texts = encoded([feature(i) for i in range(6)], "lines")
    texts[2], texts[3] = b"\xff\xfe junk \x00", b"more {junk"
    (batch,) = read(tmp_path, joined(texts, "lines"))
    assert list(batch.frame.index) == [1, 2, 4, 5]
    (bad,) = batch.damaged
    assert (bad.row, bad.codes) == (3, ("not_json",))
    assert bad.content["raw"] == "\\xff\\xfe junk \\x00,\nmore {junk"


def test_a_torn_list_does_not_swallow_the_features_behind_it(tmp_path):
    texts = encoded([feature(i) for i in range(5)], "lines")
    for whole, torn in ((0, b'{"type": "Feature", "bbox": [1, '), (2, texts[2][: texts[2].index(b"113.") + 8])):
        texts[whole] = torn
    batches = read(tmp_path, joined(texts, "lines"))
    assert ids(batches) == ["k1", "k3", "k4"]


def test_a_feature_may_carry_features_in_its_properties(tmp_path):
    nested = feature(1)
    nested["properties"] |= {"parts": [feature(7), feature(8)], "one": feature(9)}
    for layout in LAYOUTS:
        batches = read(tmp_path, joined(encoded([feature(0), nested, feature(2)], layout), layout))
        assert ids(batches) == ["k0", "k1", "k2"]
        assert batches[0].frame["parts"][2] == [feature(7), feature(8)]


def test_members_may_come_in_any_order_and_writers_may_be_mixed(tmp_path):
    turned = [dict(reversed(feature(i).items())) for i in range(5)]
    first_id = [{"id": i, **feature(i)} for i in range(5, 9)]
    texts = encoded(turned, "lines") + encoded(first_id, "pretty") + encoded([feature(9)], "single")
    assert ids(read(tmp_path, joined(texts, "lines"))) == [f"k{i}" for i in range(10)]


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, "CHUNK_BYTES", 4096)
    texts = encoded([feature(i) for i in range(2_000)], "single")
    path = tmp_path / "some.geojson"
    path.write_bytes(joined(texts, "single"))
    with path.open("rb") as file:
        stream = json_stream.JsonStream(file)
        held = [len(stream._text) for _ in stream]
    assert len(held) == 2_000
    assert max(held) < 3 * 4096


def test_an_unclosed_bracket_is_given_up_after_the_longest_value(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, "CHUNK_BYTES", 1024)
    monkeypatch.setattr(json_stream, "LONGEST_BYTES", 20_000)
    junk = b'{"bbox": [' + b"1, " * 30_000
    texts = [junk, *encoded([feature(i) for i in range(3)], "sequence")]
    batches = read(tmp_path, joined(texts, "sequence"))
    assert ids(batches) == ["k0", "k1", "k2"]
    (bad,) = damaged(batches)
    assert len(bad.content["raw"]) < 17_000
    assert bad.content["raw"].endswith("bytes in all)")


def test_a_file_that_was_cut_off_says_so(tmp_path):
    content = joined(encoded([feature(i) for i in range(3)], "lines"), "lines")
    batches = read(tmp_path, content[: content.rindex(b"Feature") + 30])
    assert ids(batches) == ["k0", "k1"]
    assert codes(batches) == ["not_json", "truncated"]
    assert codes(read(tmp_path, content.removesuffix(b"]}\n"))) == ["truncated"]


pieces = st.one_of(
    st.binary(max_size=60),
    st.text(alphabet='{}[]",:\\ \n\x1e01ae', max_size=40).map(str.encode),
    st.sampled_from([b'{"type": "Feature"', b'"features": [', b'{"type": "FeatureCollection", "features": [', b"null"]),
)


@settings(max_examples=80, deadline=None)
@given(content=st.lists(pieces, max_size=8).map(b"".join))
def test_any_bytes_end_in_batches_or_in_an_error_that_says_what_is_wrong(tmp_path_factory, content):
    try:
        batches = read(tmp_path_factory.mktemp("any"), b"{" + content)
    except BadInput as error:
        assert "some.geojson" in str(error)
    else:
        assert sum(len(b.frame) + len(b.damaged) for b in batches) == batches[-1].last_row


@settings(max_examples=80, deadline=None)
@given(junk=st.lists(pieces, min_size=4, max_size=4), small=st.booleans())
def test_whole_lines_survive_whatever_stands_between_them(tmp_path_factory, junk, small):
    lines = [orjson.dumps(feature(i)) for i in range(5)]
    content = lines[0] + b"\n" + b"".join(j + b"\n" + line + b"\n" for j, line in zip(junk, lines[1:], strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK_BYTES", 64 if small else 1 << 20)
        batches = read(tmp_path_factory.mktemp("lines"), content)
    assert [v for v in ids(batches) if v is not None] == [f"k{i}" for i in range(5)]
