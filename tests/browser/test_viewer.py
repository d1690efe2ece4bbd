"""The viewer in a real browser against the running sample city: what people see, click, report and are told."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser

CHECKOUT = Path(__file__).resolve().parents[2]

SHOWN = (
    (113.2843, 40.0893, "gas_leak", 2, "临街餐馆燃气泄漏（演示）"),
    (113.2945, 40.0955, "traffic_accident", 4, "城内两车相撞（演示）"),
)
"""Incidents of the README's picture, all marked synthetic: lon, lat, kind, severity, title."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def city(play: Any, base_url: str, pictures: Path) -> dict[str, Any]:
    """What a page saw on its way over the old town: see city.mjs."""
    noted: dict[str, Any] = play("city", base_url, str(pictures))
    return noted


def pixels(picture: Path) -> np.ndarray:
    return np.asarray(Image.open(picture).convert("RGB"), dtype=np.int16)


def strangers(noted: dict[str, Any], base_url: str) -> list[str]:
    """Requests to other hosts (addresses made within the page itself are none)."""
    home = urlsplit(base_url).netloc
    return [url for url in noted["requests"] if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != home]


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def report(base_url: str, lon: float, lat: float, properties: dict[str, Any]) -> None:
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{base_url}/incidents", json.dumps(feature).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def test_the_city_is_seen(city: dict[str, Any], pictures: Path) -> None:
    shown, hidden = pixels(pictures / "with.png"), pixels(pictures / "without.png")
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 500
    changed = (np.abs(shown - hidden).max(axis=-1) > 24).mean()
    assert changed > 0.3, f"buildings cover only {changed:.0%} of the middle of the view"


def test_a_picked_building_shows_its_attributes(city: dict[str, Any], base_url: str) -> None:
    properties = fetch(f"{base_url}/ogc/collections/buildings/items/{city['building']}")["properties"]
    panel = city["panel_zh"]
    assert f"{properties['height_m']:g} m" in panel
    assert properties["address"] is None or properties["address"] in panel
    assert "合成数据" in panel
    assert any(level in panel for level in ("L2 粗粒度", "L3 精细化"))


def test_the_page_says_that_its_data_is_synthetic(city: dict[str, Any]) -> None:
    assert "示例数据" in city["notice_zh"]


def test_the_language_is_switched_and_remembered(city: dict[str, Any]) -> None:
    assert city["title_zh"] == "大同市城市信息模型"
    assert city["title_en"] == "Datong CIM"
    assert city["lang"].startswith("en")
    assert city["remembered"].startswith("en")
    assert "高度" in city["panel_zh"]
    assert "Height" in city["panel_en"]
    assert "Synthetic" in city["panel_en"]


def test_a_browser_without_webgl_2_is_told_so(city: dict[str, Any]) -> None:
    assert "no WebGL 2" in city["without_webgl_2"]


def test_times_are_those_of_the_city_and_the_clock_says_so(city: dict[str, Any]) -> None:
    assert "Asia/Kathmandu" in city["clock_label"]  # the page was told that the city lies there
    there = time.gmtime(time.time() + (5 * 60 + 45) * 60)
    hours, minutes, _ = map(int, city["clock"].split(":"))
    behind = (there.tm_hour * 60 + there.tm_min - hours * 60 - minutes) % (24 * 60)
    assert behind < 30  # no other zone of whole hours is so near
    from_noon = city["sun"] - 37  # the engine counts Julian days, from noon on, with 37 leap seconds
    assert (from_noon / 3600 + 12) % 24 == pytest.approx(10.5 - 5.75, abs=0.001)


def test_a_place_is_found_by_name(city: dict[str, Any]) -> None:
    assert city["first_place"].startswith("鼓楼")


def test_no_request_leaves_the_server(city: dict[str, Any], base_url: str) -> None:
    assert any("/tiles3d/c/" in url for url in city["requests"])
    assert strangers(city, base_url) == []


def test_terrain_and_imagery_are_drawn_and_every_layer_can_be_switched(play: Any, base_url: str) -> None:
    noted = play("globe", base_url)
    assert noted["has_terrain"]
    assert 1000 < noted["ground"] < 1060  # the old town, metres above the ellipsoid
    assert noted["answers"].get("terrain", 0) > 5
    assert noted["answers"].get("imagery", 0) > 5
    assert not [toast for toast in noted["toasts"] if "地形" in toast or "影像" in toast or "未完成" in toast]
    assert strangers(noted, base_url) == []
    assert {"hillshade", "divisions", "roads", "water"} <= set(noted["on"])


def test_an_incident_plotted_on_one_page_appears_on_another(play: Any, base_url: str, record_property: Any) -> None:
    title = f"路面塌陷 {time.time_ns() % 1_000_000}"
    noted = play("incident", base_url, title)
    record_property("milliseconds_from_201_to_the_other_page", noted["milliseconds"])
    print(f"seen on the other page {noted['milliseconds']} ms after the 201")  # noqa: T201
    assert noted["milliseconds"] < 10_000  # the aim is one second; a busy test machine may need longer
    assert noted["pinned"]
    assert title in noted["toast"]
    stored = fetch(f"{base_url}/incidents/{noted['id']}")
    assert stored["properties"] | {"title": title, "kind": "collapse", "severity": 2} == stored["properties"]
    lon, lat = stored["geometry"]["coordinates"]
    assert abs(lon - 113.288) < 0.02
    assert abs(lat - 40.091) < 0.02
    assert stored["properties"]["state"] == "rejected"
    assert "不属实" in noted["log"]
    assert noted["still_listed"] == 0


def test_a_reading_over_its_threshold_raises_an_alarm_on_an_open_page(play: Any, base_url: str) -> None:
    noted = play("sensor", base_url)
    assert set(noted["statuses"]) == {201}
    assert "一级报警" in noted["panel"]
    assert "31" in noted["panel"]
    assert "一级报警" in noted["toast"]
    assert "可燃气体浓度" in noted["chart"]


@pytest.mark.skipif(os.environ.get("CIM_BLESS") != "1", reason="the README's picture is made with CIM_BLESS=1")
def test_the_picture_of_the_first_screen(play: Any, base_url: str) -> None:
    simulate = [sys.executable, "-m", "api.cli", "simulate", "--url", base_url]
    simulate += ["--backfill", "3600", "--duration", "2400"]
    for lon, lat, kind, severity, title in SHOWN:
        report(base_url, lon, lat, {"kind": kind, "severity": severity, "title": title, "is_synthetic": True})
    player = subprocess.Popen(simulate, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        target = CHECKOUT / "docs/screenshot.png"
        target.parent.mkdir(exist_ok=True)
        play("picture", base_url, str(target))
    finally:
        player.terminate()
        player.wait(30)
    assert Image.open(target).size == (1600, 900)
