"""Names: what mistypings have in common with what was meant, short forms, and how a text is divided into names."""

from functools import cache

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cim.finding.names import COMMUNITY, DIVISION, QUARTER, STREET, distance, gaps, pairs, spellings
from cim.finding.segments import Lexicon, Row, divide, pieces

_LETTERS = "和阳街路城永"
_names = st.text(alphabet=_LETTERS, min_size=3, max_size=8)


def apart(one: str, other: str) -> int:
    """Wrong, missing, superfluous and swapped letters, by trying everything."""

    @cache
    def left(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        tries = [left(i - 1, j) + 1, left(i, j - 1) + 1, left(i - 1, j - 1) + (one[i - 1] != other[j - 1])]
        if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            tries.append(left(i - 2, j - 2) + 1)
        return min(tries)

    return left(len(one), len(other))


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=_LETTERS, max_size=7), st.text(alphabet=_LETTERS, max_size=7))
def test_the_distance_is_what_trying_everything_gives(one: str, other: str) -> None:
    assert distance(one, other) == apart(one, other) == distance(other, one)


@settings(max_examples=40, deadline=None)
@given(_names, st.data())
def test_a_name_with_one_letter_wrong_missing_or_swapped_shares_a_key_with_it(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from(_LETTERS))
    swapped = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
    for typed in (
        name[:at] + letter + name[at + 1 :],
        name[:at] + name[at + 1 :],
        name[:at] + letter + name[at:],
        swapped,
    ):
        assume(len(typed) > 2)
        assert set(gaps(name)) & set(gaps(typed))


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=_LETTERS, min_size=6, max_size=9), st.data())
def test_a_longer_name_may_have_two_wrong_letters(name: str, data: st.DataObject) -> None:
    i, j = data.draw(st.tuples(st.integers(0, len(name) - 1), st.integers(0, len(name) - 1)))
    typed = "".join("门" if n in (i, j) else letter for n, letter in enumerate(name))
    assert set(gaps(name)) & set(gaps(typed))


def test_short_forms_leave_out_the_word_for_what_a_thing_is() -> None:
    assert spellings("古城街道", DIVISION) == {"古城街道": False, "古城": True}
    assert spellings("古城村村民委员会", DIVISION) == {"古城村村民委员会": False, "古城村": False, "古城": True}
    assert spellings("口泉村委会", DIVISION) == {"口泉村委会": False, "口泉村": False, "口泉": True}
    assert spellings("魏都大道", STREET) == {"魏都大道": False, "魏都": True}
    assert spellings("御河花园", QUARTER) == {"御河花园": False, "御河": True}
    assert spellings("小岭村", COMMUNITY) == {"小岭村": False, "小岭": True}
    assert spellings("大街", STREET) == {"大街": False}
    assert pairs("和") == []


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=_LETTERS, min_size=1, max_size=12), st.sets(_names, max_size=6))
def test_a_divided_text_is_still_the_text_and_knows_as_much_as_can_be_known(text: str, known: set[str]) -> None:
    lexicon = Lexicon({name: [Row(name, name, False, STREET, 1, "")] for name in known})
    found = divide(text, lexicon)
    assert "".join(one.text for one in found) == text
    assert all((one.text in known) == bool(one.hits) for one in found)
    if any(piece in known for piece in pieces(text)):
        assert any(one.hits for one in found)
