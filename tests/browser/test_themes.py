"""The tree of layers in a real browser: it lists what the server holds; a card tells every column in both languages."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seen(play: Any, base_url: str) -> dict[str, Any]:
    """What a page saw of the tree and of one camera: see themes.mjs."""
    noted: dict[str, Any] = play("themes", base_url)
    return noted


@pytest.fixture(scope="module")
def layers(base_url: str) -> dict[str, dict[str, Any]]:
    """The layers as the server describes them, with their counts."""
    counts = httpx.get(f"{base_url}/health", timeout=30).json()["counts"]
    found = httpx.get(f"{base_url}/ogc/collections", timeout=30).json()["collections"]
    return {one["id"]: {**one, "count": counts.get(one["id"], 0)} for one in found}


def test_the_tree_lists_each_layer_that_holds_something_with_its_number(seen: Any, layers: Any) -> None:
    elsewhere = {"buildings", "divisions", "roads", "water", "landmarks"}
    elsewhere |= {"division_codes", "assembly_parts", "protected_buildings"}  # tables: nothing to draw
    expected = {
        name: [one["title"], f"{one['count']:,}"]
        for name, one in layers.items()
        if one["count"] and name not in elsewhere
    }
    assert len(expected) > 30
    assert {name: text.split("\n") for name, text in seen["listed_zh"].items()} == expected
    groups = list(dict.fromkeys(layers[name]["group"]["title"] for name in expected))
    assert [text.split("\n")[0] for text in seen["groups_zh"]] == groups


def test_pipes_are_drawn_with_their_heights_and_a_legend_of_their_kinds(seen: Any, layers: Any) -> None:
    assert len({one["key"] for one in seen["pipes"]}) == layers["pipes"]["count"]
    assert all(one["heights"] >= 2 for one in seen["pipes"])
    kinds = next(column for column in layers["pipes"]["columns"] if column["name"] == "kind")["choices"]
    assert all(choice["title"] in seen["legend"] for choice in kinds)


def test_the_holes_of_an_area_have_edges_too(seen: Any, base_url: str) -> None:
    zones = httpx.get(f"{base_url}/ogc/collections/heritage_zones/items", timeout=30).json()["features"]
    rings = {zone["id"]: len(zone["geometry"]["coordinates"]) for zone in zones}
    assert max(rings.values()) == 2, "the buffer lies round the property"
    assert {id: sum(one["key"] == id for one in seen["zones"]) for id in rings} == rings


def test_the_card_of_what_is_long_ago_tells_its_year(seen: Any) -> None:
    lines = seen["card_of_old"].split("\n")
    assert lines[lines.index("发生时间") + 1] == "1989/10/19 01:01"


def test_the_card_of_a_camera_tells_its_columns_in_both_languages(seen: Any, layers: Any) -> None:
    properties = seen["picked"]["properties"]
    for language, card in (("title", seen["card_zh"]), ("title_en", seen["card_en"])):
        lines = card.split("\n")
        for column in layers["cameras"]["columns"]:
            value = properties.get(column["name"])
            if value is not None and column["name"] not in ("id", "name"):
                said = f"{value:g} {column['unit']}" if column["unit"] else str(value)
                assert said == lines[lines.index(column[language]) + 1], column["name"]
    assert properties["name"] in seen["card_zh"]
    assert "合成数据" in seen["card_zh"]
    assert "Synthetic" in seen["card_en"]


def test_long_titles_leave_room_for_the_values_beside_them(seen: Any) -> None:
    assert seen["narrowest"] > 1 / 3


def test_the_language_is_changed_without_turning_layers_off(seen: Any, layers: Any) -> None:
    assert seen["still_on"] == ["pipes", "cameras", "hydrants"]
    assert seen["groups_en"][1].split("\n")[0] == layers["pipes"]["group"]["title_en"]
