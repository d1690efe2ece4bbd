"""What the ending of a name says it is: a street, a quarter, a unit of some kind, or a place of another sort. Pure."""

import re

_STREET = (
    "大街(?!坊)|街(?!道|坊|口|心|办)|(?<![铁公线电思])路(?!口|灯|边|由|政|桥|段)"
    "|巷(?!口|子)|大道|胡同|[国省县]道|高速(?:公路)?|公路(?!局|段|管)"
)
_QUARTER = (
    "小区|花园|家园|嘉园|佳园|雅园|花苑|佳苑|嘉苑|雅苑|名苑|家属院|家属区|家属楼|宿舍(?:区|院)?|公寓|别墅|新村(?!镇|乡)"
    "|华府|名府|名城|豪庭|华庭|雅居|名邸|公馆"
)
_UNIT = (
    "街道(?:办事处|办)?|社区(?:居民委员会|居委会)?(?!卫生|服务|医)|居民委员会|居委会|村民委员会|村委会|自然村"
    "|(?<=[^\\W\\d_]{2})(?<![新矿]农)(?<![农乡]村)(?<!度假)[镇乡村](?!政府|人民|卫生|中心|小学|中学|信用|镇|委)"
)
_PLACE = "大厦|广场|商城|商厦|商场|购物中心|公园"
_LAST = "[苑里庭轩邸郡]|(?<![公儿物乐业技陵流学墓意果])园"
_SORT = (
    "酒店|宾馆|饭店|旅馆|旅社|招待所|超市|市场|书店|药店|药房|商店|医院|诊所"
    "|卫生院|卫生室|小学|中学|学校|大学|学院|幼儿园"
    "|银行|信用社|支行|公司|集团|工厂|电厂|煤矿|派出所|法院|检察院|政府|车站"
    "|机场|火车站|邮局|邮政所|影院|剧院|体育馆|图书馆"
    "|博物馆|纪念馆|美术馆|文化馆|加油站|面馆|餐厅|饭庄|餐馆|网吧|中心|大楼|工业园|产业园|科技园|物流园|陵园|公墓"
)
_PART = "(?:[A-Z一二三四五六七八九十东西南北中]|[0-9]{1,2})(?:期|区)(?![域间])(?:[A-Z东西南北]区)?|[东西南北]院"

_ENDING = re.compile(
    f"(?P<street>{_STREET})|(?P<quarter>{_QUARTER})|(?P<unit>{_UNIT})|(?P<place>{_PLACE})|(?P<last>{_LAST})"
)
_FURTHER = re.compile(
    f"(?P<stretch>[东西南北中]段)|(?P<part>{_PART})|(?P<sort>{_SORT}|店|馆|寺|庙)"
    f"|(?P<street>[东西南北中]?(?:{_STREET}))|(?P<quarter>{_QUARTER})|(?P<unit>{_UNIT})"
    f"|(?P<place>{_PLACE})|(?P<last>{_LAST})"
)
_SORTED = re.compile(f"(?:{_SORT}|[店馆厂站局所院矿寺庙塔楼阁宫殿府堂门场行社部吧城库桥窟])$")
_OWN_WORD = re.compile("(?:[公物乐业技陵流学墓]园|幼儿园)$")
PART = re.compile(_PART)

STREETS = re.compile("大街|街(?!道|办|口|路巷|巷无)|路(?!口|灯|政|边|由|段)|巷(?!口)|胡同|大道|小区|家属院")
"""What makes even a full name before it part of a longer one: 古城村 before 路 is no village."""

ADJOINING = re.compile(
    "[东西南北中前后新老大小上下内外一二三四五六七八九十]{0,2}(?:大街|街(?!道"
    "|办)|路(?!口)|巷|胡同|大道)|小区|花园|家园|嘉园|佳园|新村|家属院|宿舍|[苑]"
)
"""What makes the name before it part of a longer one: 永泰 before 南路 is no town."""

INSTITUTION = re.compile(
    "(?:第|[一二三四五六七八九十百0-9东西南北]|人民|中医|妇幼|儿童|妇产|实验|高级|初级|中心|农贸|蔬菜|批发"
    "|综合|火车|汽车|高铁|长途|客运|卫生|党群|服务|公安|交警|供电|税务|自然|资源|住房|城乡|建设|民政|教育"
    "|文化|体育|财政|市场|监督|管理|市政|职业|技术|政务|行政|审批|社保|医保|人社|应急|交通|运输|档案|城管"
    "|水务|农业|农村|林业|统计|审计|司法|退役|军人|疾病|预防|控制|消防|救援|气象|地震|广播|电视)*"
    "(?:医院|保健院|卫生院|卫生室|卫生所|服务中心|服务站|中心|小学校?|中学校?|[一二三四五六七八九十]中"
    "|[一二三四五六七八九十]校|高中|学校|大学|学院|幼儿园|[区市县镇乡]?政府|[区市县镇乡]?委|委员会|党校"
    "|派出所|局|大厅|支队|大队|中队|法院|检察院|站|机场|宾馆|饭店|市场|公园|体育馆|体育场|图书馆|博物馆"
    "|美术馆|文化馆|展览馆|电视台|供电所|司法所|供电公司|邮政所|信用社|敬老院|养老院|大厦|博物院|服务区)"
)
"""Institutions that bear no name but that of the division before them."""

DEPARTMENT = re.compile(
    "(?:住院|门诊|急诊|体检|综合|办公|教学|行政|[东西南北])(?:部|楼|科|大楼|院区?|校区|区)|分院|校区"
)
"""What may follow an institution and is no part of its name."""


def first(chunk: str) -> tuple[str, int]:
    """The first named thing of a run of text without numbers: its kind and length.

    kind: street, quarter, unit (a division by its word), place (surely a name), or plain (nothing tells).

    >>> first("永泰南路东方名园小区"), first("东方名园小区"), first("老王面馆"), first("四牌楼")
    (('street', 4), ('quarter', 6), ('place', 4), ('plain', 3))
    """
    at = 0
    found = _ENDING.search(chunk, at + 1)
    while found is not None:
        kind, end = str(found.lastgroup), found.end()
        further = _FURTHER.match(chunk, end)
        while further is not None and further.lastgroup is not None:
            word = further.lastgroup
            kind = {"stretch": kind, "part": "quarter" if kind in ("last", "unit") else kind, "sort": "place"}.get(
                word, word
            )
            end = further.end()
            further = _FURTHER.match(chunk, end)
        if kind == "last" and end == len(chunk):
            return "quarter", end
        if kind != "last" and not (kind == "unit" and _is_ordinary(chunk[at:end])):
            return kind, end
        found = _ENDING.search(chunk, max(found.end(), end))
    plain = chunk[at:]
    part = PART.search(plain)
    if part is not None and part.start() > 1 and part.end() == len(plain):
        return "quarter", len(chunk)
    if _SORTED.search(plain) or _OWN_WORD.search(plain):
        return ("plain" if plain[-1] in "城府院楼阁门场" and len(plain) < 6 else "place"), len(chunk)
    return "plain", len(chunk)


def _is_ordinary(name: str) -> bool:
    return name.endswith(("农村", "乡村", "古镇", "城镇", "家乡", "故乡", "老乡", "度假村"))
