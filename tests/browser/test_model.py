"""The model in a real browser: what is picked near and from afar, and an edit in the database seen by those who look on."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cim.settings import Settings
from cim.store.embedded import ensure_cluster

pytestmark = pytest.mark.browser

COLOURS = Path(__file__).resolve().parents[2] / "api/viewer/src/colours.ts"
RAISED_M = 7.4
OUTSIDE_THE_WALL = "113.302,40.083,113.312,40.096"

EDIT = """
import sys, psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    sql = "UPDATE cim.body SET height_m = %s::float WHERE building_id = %s AND record_to IS NULL"
    assert connection.execute(sql, (sys.argv[3], sys.argv[2])).rowcount == 1
"""


@pytest.fixture(scope="module")
def levels(play: Any, base_url: str) -> dict[str, Any]:
    """What was picked from afar and from near: see levels.mjs."""
    noted: dict[str, Any] = play("levels", base_url)
    return noted


def colours_of_uses() -> dict[str, str]:
    return dict(re.findall(r'^  (\w+): "(#\w{6})",$', COLOURS.read_text(encoding="utf-8"), re.MULTILINE))


def colour_of_height(height: float) -> str:
    steps = re.findall(r'^  \[(\d+|Infinity), "(#\w{6})"\],$', COLOURS.read_text(encoding="utf-8"), re.MULTILINE)
    return next(colour for limit, colour in steps if limit == "Infinity" or height < float(limit))


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def test_a_block_picked_from_afar_says_what_it_stands_for(levels: dict[str, Any]) -> None:
    block = levels["block"]
    assert block["key"] == f"block-{block['picked']['id']}"
    for panel, words in (
        (block["panel_zh"], ("建筑群", "建筑数量", "总体积", "区块平均高度", "走近即见单栋建筑")),
        (
            block["panel_en"],
            ("Block of buildings", "Volume", "Mean height over the block", "come nearer for single ones"),
        ),
    ):
        assert all(word in panel for word in words)
        assert f"{block['picked']['count']:,}" in panel
        assert f"{block['height']['height']:,.1f}".removesuffix(".0") in panel


def test_a_building_picked_from_near_is_one_of_the_store(levels: dict[str, Any], base_url: str) -> None:
    building = levels["building"]
    assert building["key"] == f"building-{building['picked']['id']}"
    assert fetch(f"{base_url}/ogc/collections/buildings/items/{building['picked']['id']}")["properties"]["height_m"] > 0


@pytest.mark.parametrize("what", ["block", "building"])
def test_both_are_coloured_by_use_and_by_height_and_lit_when_picked(levels: dict[str, Any], what: str) -> None:
    seen = levels[what]
    assert seen["use"]["colour"] == colours_of_uses()[seen["use"]["use"]]
    assert seen["height"]["colour"] == colour_of_height(seen["height"]["height"])
    assert seen["picked"]["colour"] not in (seen["use"]["colour"], seen["height"]["colour"])


def test_a_height_edited_in_the_database_is_seen_by_a_page_that_looks_on(
    play: Any, sample: Settings, base_url: str
) -> None:
    found = fetch(f"{base_url}/ogc/collections/buildings/items?bbox={OUTSIDE_THE_WALL}&limit=1000")["features"]
    tallest = max(found, key=lambda one: (one["properties"]["height_m"], one["id"]))
    ring = tallest["geometry"]["coordinates"][0][:-1]
    was = tallest["properties"]["height_m"]
    url = ensure_cluster(sample.data)
    command = [sys.executable, "-c", EDIT, url, str(tallest["id"])]
    plan = {
        "id": tallest["id"],
        "at": [sum(corner[axis] for corner in ring) / len(ring) for axis in (0, 1)],
        "height": f"{round(was + RAISED_M, 1):g} m",
        "edit": [*command, str(was + RAISED_M)],
        "undo": [*command, str(was)],
    }
    try:
        noted = play("edit", base_url, json.dumps(plan))
    finally:
        subprocess.run(plan["undo"], check=True)
    assert noted["seen"]["id"] == str(tallest["id"])
    assert noted["seen"]["height"] == pytest.approx(was + RAISED_M, abs=0.01)
    assert noted["undone"]["height"] == pytest.approx(was, abs=0.01)
    assert noted["seen"]["colour"] == noted["undone"]["colour"]  # the selection outlives both changes
    new = set(noted["after"]) - set(noted["before"])
    assert 1 <= len(noted["fetched"]) <= len(new)
    assert set(noted["fetched"]) <= new, "the page fetched again what it held"
    assert noted["fetched_again"] == [], "after the undoing the page held everything"
    assert noted["roots"][0] == noted["roots"][2] != noted["roots"][1]
    assert noted["frames"] > 3
    assert (noted["gaps"], noted["doubles"]) == (0, 0)
