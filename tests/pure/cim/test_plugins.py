"""The registry: a mapping that refuses doubles and says what exists."""

from dataclasses import dataclass

import pytest

from cim.errors import CimError, Unknown
from cim.plugins import Registry


@dataclass(frozen=True)
class Tool:
    name: str


def test_it_is_a_mapping():
    tools = Registry("tool", Tool("saw"), Tool("axe"))
    assert list(tools) == ["saw", "axe"]
    assert len(tools) == 2
    assert "axe" in tools
    assert "pen" not in tools
    assert tools.get("pen") is None


def test_an_unknown_name_says_what_exists_without_quotes():
    with pytest.raises(Unknown) as caught:
        Registry("tool", Tool("saw"), Tool("axe"))["pen"]
    assert str(caught.value) == "no tool named 'pen'; known: saw, axe"
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, CimError)


def test_doubles_are_refused():
    with pytest.raises(ValueError, match="share a name"):
        Registry("tool", Tool("saw"), Tool("saw"))
