"""The steps of an incident: every pair of states is either a step, a repeat or refused with what is allowed."""

import itertools

import pytest

from cim.errors import BadInput, Conflict
from cim.incidents import FIRST, KINDS, STEPS, advance, checked

ALLOWED = {
    ("reported", "verified"),
    ("reported", "rejected"),
    ("verified", "dispatched"),
    ("verified", "rejected"),
    ("dispatched", "closed"),
}


@pytest.mark.parametrize(("state", "to"), list(itertools.product(STEPS, STEPS)))
def test_every_pair_of_states_is_decided(state: str, to: str) -> None:
    if state == to:
        assert advance(state, to) is False
    elif (state, to) in ALLOWED:
        assert advance(state, to) is True
    else:
        with pytest.raises(Conflict, match=f"is {state} cannot become {to}; allowed from {state}: "):
            advance(state, to)


def test_a_refusal_names_what_is_allowed() -> None:
    with pytest.raises(Conflict, match="allowed from reported: verified or rejected"):
        advance("reported", "closed")
    with pytest.raises(Conflict, match="it is final"):
        advance("closed", "reported")


def test_every_state_can_be_reached_from_the_first() -> None:
    reached, todo = {FIRST}, [FIRST]
    while todo:
        fresh = set(STEPS[todo.pop()]) - reached
        reached |= fresh
        todo += fresh
    assert reached == set(STEPS)


def test_an_unknown_state_is_bad_input_not_a_conflict() -> None:
    with pytest.raises(BadInput, match="known: reported, verified"):
        advance("reported", "exploded")


@pytest.mark.parametrize(("kind", "severity"), [("fires", 2), ("", 2), ("fire", 0), ("fire", 5)])
def test_an_unknown_kind_or_severity_is_refused(kind: str, severity: int) -> None:
    with pytest.raises(BadInput, match="incident"):
        checked(kind, severity)


def test_the_known_kinds_pass() -> None:
    assert all(checked(kind, severity) == (kind, severity) for kind in KINDS for severity in (1, 2, 3, 4))
