"""In which encoding a shapefile is read: as somebody says, else as all of its texts fit, which is said."""

import pytest

from cim.errors import BadSource
from tests.shapefiles import TEXTS, codes, damaged, joined, named, read, with_table

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("encoding", "language", "cpg", "stated", "noted"),
    [
        ("gbk", 0, None, "gbk", False),
        ("gbk", 0, "936", None, False),
        ("gbk", 0, "OEM 936", None, False),
        ("gbk", 0x4D, None, None, False),
        ("gbk", 0, None, None, True),
        ("gbk", 0x57, None, None, True),
        ("utf-8", 0, None, None, True),
        ("utf-8", 0, "UTF-8", None, False),
    ],
)
def test_the_encoding_is_the_stated_one_or_the_one_that_fits_and_that_is_said(
    tmp_path, encoding, language, cpg, stated, noted
):
    path = with_table(tmp_path, TEXTS, named("大同".encode(encoding), b"plain"), language, cpg)
    batches = read(path, encoding=stated)
    assert joined(batches)["name"].tolist() == ["大同", "plain"]
    assert codes(batches) == ([("encoding_detected", None)] if noted else [])


def test_texts_of_no_usual_encoding_are_refused_until_it_is_stated(tmp_path):
    path = with_table(tmp_path, TEXTS, named("Ñandú".encode("latin1"), b"plain"))
    with pytest.raises(BadSource, match=r"some\.shp: .* neither as utf-8 nor as gb18030 .*encoding = "):
        read(path)
    assert joined(read(path, encoding="ISO 88591"))["name"].tolist() == ["Ñandú", "plain"]
    with pytest.raises(BadSource, match="'klingon', which the city file says, is not known"):
        read(path, encoding="klingon")


def test_a_wrong_encoding_is_refused_and_the_right_one_named(tmp_path):
    path = with_table(tmp_path, TEXTS, named("大同".encode("gbk"), b"plain"), cpg="UTF-8")
    with pytest.raises(
        BadSource, match=r"1 records, the first in row 1, are not utf-8, which its \.cpg says; .*gb18030"
    ):
        read(path)


def test_one_spoilt_text_costs_its_record_only(tmp_path):
    path = with_table(tmp_path, TEXTS, named(*["大同".encode()] * 30, b"\xff\xfe!", b"a\0b"), cpg="UTF-8")
    batches = read(path)
    assert damaged(batches) == [(31, "encoding"), (32, "nul_character")]
    assert batches[0].damaged[0].content["name"] == "\\xff\\xfe!"
    assert len(batches[0].frame) == 30


def test_a_character_that_the_fields_end_cut_through_is_left_out_and_said(tmp_path):
    path = with_table(tmp_path, TEXTS, named("大同市鼓楼".encode()[:10], b"plain"))
    batches = read(path)
    assert joined(batches)["name"].tolist() == ["大同市", "plain"]
    assert codes(batches) == [("encoding_detected", None), ("text_cut", 1)]
