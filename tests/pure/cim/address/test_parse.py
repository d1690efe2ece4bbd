"""The parser by its rules (docs/addresses.md), each with cases of its own, and by laws."""

import pickle
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.address.gazetteer import Gazetteer
from cim.address.parse import LONGEST, parse
from cim.address.standard import standard
from cim.divisions import Tree
from tests.bench.sayings import sayings
from tests.pure.cim.address.little import LITTLE, UNITS

CITY = {"province": "山西省", "city": "大同市"}
PINGCHENG = {**CITY, "county": "平城区"}
HUNYUAN = {**CITY, "county": "浑源县"}
OLD_TOWN = {**PINGCHENG, "town": "古城街道"}
KILN = {**HUNYUAN, "town": "青磁窑镇"}
GARDEN = {"quarter": "御河花园"}


def read(text):
    return {part: value for part, value in asdict(parse(text, LITTLE).address).items() if value}


DIVISIONS = {
    "大同市平城区古城街道办事处鼓楼社区居委会": {**OLD_TOWN, "community": "鼓楼社区"},
    "古城街办鼓楼居委会": {**OLD_TOWN, "community": "鼓楼社区"},
    "鼓楼社区3号": {**OLD_TOWN, "community": "鼓楼社区", "number": "3"},
    "浑源青磁窑小岭三组": {**KILN, "community": "小岭村", "group": "3"},
    "浑源县小岭村3号": {**HUNYUAN, "name": "小岭村", "number": "3"},
    "永安社区": {**CITY, "name": "永安社区"},
    "平城区永安社区": {**PINGCHENG, "town": "永泰街道", "community": "永安社区"},
    "大同市玉泉": {**CITY, "name": "玉泉"},
    "平城区古城": {**PINGCHENG, "name": "古城"},
    "口泉乡": {**CITY, "county": "云冈区", "town": "口泉乡"},
    "矿区口泉": {**CITY, "county": "云冈区", "name": "口泉"},
    "大同县西坪镇": {**CITY, "county": "云州区", "town": "西坪镇"},
    "大同市城区和阳街3号": {**CITY, "street": "和阳街", "number": "3", "rest": "城区"},
    "平城区(原城区)和阳街3号": {**PINGCHENG, "street": "和阳街", "number": "3"},
    "平城区口泉乡和阳街3号": {**PINGCHENG, "street": "和阳街", "number": "3", "rest": "口泉乡"},
    "平城区口泉乡小岭村3号": {**PINGCHENG, "number": "3", "rest": "口泉乡小岭村"},
    "大同经济开发区和阳街": {**CITY, "county": "山西大同经济开发区", "street": "和阳街"},
    "云州区西坪镇路家庄村5号": {**CITY, "county": "云州区", "town": "西坪镇", "community": "路家庄村", "number": "5"},
    "平城区四牌楼社区和阳街3号": {**PINGCHENG, "street": "和阳街", "number": "3", "name": "四牌楼社区"},
    "永泰街3号": {"street": "永泰街", "number": "3"},
    "大同平城永泰南路56号": {**PINGCHENG, "street": "永泰南路", "number": "56"},
    "和阳街66号,平城区,大同市": {**PINGCHENG, "street": "和阳街", "number": "66"},
    "平城区古城街道无社区无网格和阳街3号": {**OLD_TOWN, "community": "无", "grid": "无", "street": "和阳街", "number": "3"},
    "山西省/大同市/平城区/古城街道/无/12网格/无/无/无/无/无": {
        **OLD_TOWN, "community": "无", "grid": "12", **dict.fromkeys(("quarter", "building", "unit", "floor", "room"), "无")
    },
}  # fmt: skip
NUMBERS = {
    "12号": "12", "１２號": "12", "NO.12": "12", "12": "12", "十二号": "12", "廿三号": "23", "壹佰零捌号": "108",
    "一百二十号": "120", "一二〇号": "120", "甲12号": "甲12", "12号甲": "12甲", "12号之一": "12之1", "12之1号": "12之1",
    "12号附3号": "12附3", "12附3号": "12附3", "12-1号": "12-1", "12号-1": "12-1", "12至16号": "12~16", "12～16号": "12~16",
    "12号到16号": "12~16", "12、14号": "12、14", "12号、14号": "12、14", "12，14号": "12、14", "7号院": "7",
}  # fmt: skip
WITHIN = {
    "3幢": {"building": "3"}, "3栋": {"building": "3"}, "三号楼": {"building": "3"}, "3＃楼": {"building": "3"},
    "3座": {"building": "3"}, "A座": {"building": "A"}, "甲3号楼": {"building": "甲3"}, "西2号楼": {"building": "西2"},
    "1-10幢": {"building": "1~10"}, "三至五号楼": {"building": "3~5"}, "1、2号楼": {"building": "1、2"},
    "1号楼、3号楼": {"building": "1、3"}, "1-3、7号楼": {"building": "1~3、7"}, "5楼2单元": {"building": "5", "unit": "2"},
    "5楼": {"building": "5"}, "5号楼2楼": {"building": "5", "floor": "2"}, "3号楼二门洞": {"building": "3", "unit": "2"},
    "3号楼2单501": {"building": "3", "unit": "2", "room": "501"}, "甲单元201": {"unit": "甲", "room": "201"},
    "3号楼5F": {"building": "3", "floor": "5"}, "3号楼地下1层": {"building": "3", "floor": "-1"},
    "3号楼负一楼": {"building": "3", "floor": "-1"}, "3号楼B1层": {"building": "3", "floor": "-1"},
    "3号楼一至三层": {"building": "3", "floor": "1~3"}, "3号楼501号": {"building": "3", "room": "501"},
    "3号楼五零一": {"building": "3", "room": "501"}, "3号楼东户": {"building": "3", "room": "东"},
    "3号楼301-304室": {"building": "3", "room": "301~304"}, "3号楼1-202室": {"building": "3", "unit": "1", "room": "202"},
    "3-2-501": {"building": "3", "unit": "2", "room": "501"}, "3/501": {"building": "3", "room": "501"},
    "3-2": {"building": "3", "unit": "2"}, "3-2-5-501": {"building": "3", "unit": "2", "floor": "5", "room": "501"},
    "7#3-602": {"building": "7", "unit": "3", "room": "602"}, "3#-2-501": {"building": "3", "unit": "2", "room": "501"},
    "3排5号": {"building": "3", "room": "5"}, "3号楼3号车库": {"building": "3", "room": "3", "rest": "车库"},
    "3号楼没有单元301": {"building": "3", "unit": "无", "room": "301"}, "3号楼单元:2": {"building": "3", "unit": "2"},
}  # fmt: skip
OTHERS = {
    "平城区和阳街12号对面": {**PINGCHENG, "street": "和阳街", "number": "12", "rest": "对面"},
    "平城区鼓楼对面": {**PINGCHENG, "name": "鼓楼", "rest": "对面"},
    "平城区文庙对面老王面馆": {**PINGCHENG, "name": "老王面馆", "rest": "文庙对面"},
    "平城区和阳街与永泰街交叉口东100米": {**PINGCHENG, "street": "和阳街", "rest": "与永泰街交叉口东100米"},
    "平城区和阳街/永泰街路口": {**PINGCHENG, "street": "和阳街", "rest": "永泰街路口"},
    "平城区109国道南侧": {**PINGCHENG, "street": "109国道", "rest": "南侧"},
    "平城区和阳街5号老院": {**PINGCHENG, "street": "和阳街", "number": "5", "name": "老院"},
    "平城区和阳街5号〔老院〕": {**PINGCHENG, "street": "和阳街", "number": "5", "rest": "老院"},
    "大同市第三人民医院": {**CITY, "name": "大同市第三人民医院"},
    "平城区代王府": {**PINGCHENG, "name": "代王府"},
    "平城区永泰南路大同日报社": {**PINGCHENG, "street": "永泰南路", "name": "大同日报社"},
    "平城区嘉信大厦A座15F1502": {**PINGCHENG, "name": "嘉信大厦", "building": "A", "floor": "15", "room": "1502"},
    "平城区同泰广场5楼": {**PINGCHENG, "name": "同泰广场", "floor": "5"},
    "平城区和阳街8号主楼301室": {**PINGCHENG, "street": "和阳街", "number": "8", "room": "301", "rest": "主楼"},
    "平城区御河花园Ｂ区3号楼": {**PINGCHENG, "quarter": "御河花园B区", "building": "3"},
    "收货地址:平城区和阳街5号,收件人:王五,电话:13900000002": {
        **PINGCHENG, "street": "和阳街", "number": "5", "rest": "收货地址 收件人 王五 电话 13900000002"
    },
    "张三13900000000平城区和阳街5号": {**PINGCHENG, "street": "和阳街", "number": "5", "rest": "张三13900000000"},
    "037004平城区和阳街5号 电话0352-0000000": {
        **PINGCHENG, "street": "和阳街", "number": "5", "rest": "037004 电话0352-0000000"
    },
}  # fmt: skip


@pytest.mark.parametrize("text", [*DIVISIONS, *OTHERS])
def test_texts_are_read_by_the_rules(text):
    assert read(text) == {**DIVISIONS, **OTHERS}[text]


@pytest.mark.parametrize("text", NUMBERS)
def test_house_numbers_are_told_in_one_way(text):
    assert read(f"平城区和阳街{text}") == {**PINGCHENG, "street": "和阳街", "number": NUMBERS[text]}


@pytest.mark.parametrize("text", WITHIN)
def test_what_lies_within_a_quarter_is_told_without_its_words(text):
    assert read(f"御河花园{text}") == {**GARDEN, **WITHIN[text]}


def test_numerals_in_names_stay():
    for street in ("四牌楼街", "二道街", "十里河路", "五一街", "一电厂路"):
        assert read(f"{street}3号") == {"street": street, "number": "3"}


def test_doubts_have_a_code_and_name_who_is_meant():
    reasons = parse("大同县玉泉", LITTLE).reasons
    assert [reason.code for reason in reasons] == ["address_old_unit"]
    (reason,) = parse("大同市玉泉", LITTLE).reasons
    assert reason.code == "address_ambiguous"
    assert "140214036" in reason.message and "140225107" in reason.message  # noqa: PT018
    assert [reason.code for reason in parse("平城区口泉乡", LITTLE).reasons] == ["address_contradiction"]
    assert [reason.code for reason in parse("平城区和阳街永泰街", LITTLE).reasons] == ["address_unread"]
    (reason,) = parse("和阳街" * LONGEST, LITTLE).reasons[-1:]
    assert reason.code == "address_too_long"


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_what_was_composed_is_read_back_whatever_the_writing(seed):
    for said in sayings(LITTLE, 6, seed):
        parsed = parse(said.text, LITTLE)
        assert (said.text, parsed.address, parsed.division) == (said.text, said.address, said.division)


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_a_standard_address_reads_as_what_it_was_made_of(seed):
    for said in sayings(LITTLE, 6, seed):
        address = replace(said.address, rest="")
        parsed = parse(standard(address), LITTLE)
        assert (parsed.address, parsed.division) == (address, said.division)


_SIGNS = (
    "山西大同市平城区古城街道鼓楼社区和阳街十二号甲乙1234567890-~#/、:,.() "
    "无没有单元层楼室户东西南北对面与交叉口村组负原米\x00\n"
)


@pytest.mark.long
@given(st.text(max_size=80) | st.text(_SIGNS, max_size=80))
@settings(max_examples=150, deadline=None)
def test_no_text_is_refused_and_the_same_text_is_read_the_same(text):
    assert parse(text, LITTLE) == parse(text, LITTLE)


@pytest.mark.parametrize("piece", ["一", "1-", "大同", "街", "路与", "、1", "1号、", "附1", "的", "("])
def test_texts_of_ten_thousand_characters_are_read_to_the_limit_and_kept(piece):
    parsed = parse(piece * (10_000 // len(piece)), LITTLE)
    assert len(parsed.address.rest) >= 10_000 - LONGEST - 10
    assert parsed.reasons[-1].code == "address_too_long"


def test_a_gazetteer_travels_to_other_processes():
    assert parse("平城区", pickle.loads(pickle.dumps(LITTLE))) == parse("平城区", LITTLE)
    assert parse("平城区和阳街3号", Gazetteer.of(Tree.of([]))).division == ""
    assert len(UNITS) == len(Tree.of(UNITS).units)
