"""Trees in the viewer: picked where they stand, told of in a card, and hidden by their switch."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_a_tree_is_picked_where_it_stands_and_its_card_opens(play: Any, base_url: str) -> None:
    noted = play("greens", base_url)
    tree = noted["tree"]
    assert noted["picked"] == {
        "id": tree["id"],
        "layer": "trees",
        "species": tree["properties"]["species"],
        "synthetic": True,
    }
    assert noted["card"], "the card does not name the species"
    assert noted["hidden"] is None
    assert noted["errors"] == []
