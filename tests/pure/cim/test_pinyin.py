"""Names in pinyin: what is read run by run is what the dictionary reads of the whole."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from cim.pinyin import spell

LETTERS = st.sampled_from([*"大同重庆行长乐音楼号街〇㐀é１号", *"abz019-!~", " ", "\U00020000"])


@settings(max_examples=50, deadline=None)
@given(st.text(LETTERS, max_size=12))
@example("")
@example("楼1234号重庆路")
@example("é1楼")
def test_a_name_read_run_by_run_sounds_as_the_whole(name: str) -> None:
    whole = lazy_pinyin(name, style=Style.NORMAL)
    assert spell(name) == ("".join(whole), "".join(one[0] for one in whole if one))
