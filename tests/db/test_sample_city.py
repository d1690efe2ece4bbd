"""The sample city as a user meets it after `make up`: every door answers, every tile is sound, a second start is idle."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest

from cim.settings import Settings
from tests.conftest import CHECKOUT, command_environment
from tests.glb import decompressed
from tests.sse_client import listening
from tests.tileset_rules.check import check_folder
from tests.tileset_walk import Memory, visit

pytestmark = pytest.mark.db


def test_the_doors_answer(base_url: str) -> None:
    with httpx.Client(base_url=base_url, timeout=30) as client:
        health = client.get("/health").json()
        assert health["status"] == "ok"
        assert health["synthetic"] is True
        assert health["counts"]["buildings"] > 30_000
        assert client.get("/tiles3d/city/tileset.json").json()["asset"]["version"] == "1.1"
        assert client.get("/terrain/layer.json").json()["format"] == "quantized-mesh-1.0"
        box = "113.285,40.088,113.291,40.094"
        items = client.get("/ogc/collections/buildings/items", params={"bbox": box, "limit": 10}).json()
        assert items["numberReturned"] == 10
        assert all(
            f["properties"]["is_synthetic"] and f["properties"]["source"] == "generator" for f in items["features"]
        )
        assert client.get("/places", params={"q": "鼓楼"}).json()["results"][0]["name"] == "鼓楼"
        assert client.get("/sensors/latest").json()["features"]
        picture = client.get("/imagery/orthophoto/15/26696/12394")
        assert picture.headers["content-type"] in ("image/jpeg", "image/png")
        assert "<title>" in client.get("/").text


def test_an_incident_reaches_a_listener(base_url: str) -> None:
    place = {"type": "Point", "coordinates": [113.288, 40.091]}
    incident = {"type": "Feature", "geometry": place, "properties": {"kind": "fire", "title": "试验", "severity": 4}}
    with listening(base_url, "?layers=incidents") as listener, httpx.Client(base_url=base_url) as client:
        created = client.post("/incidents", json=incident)
        assert created.status_code == 201
        event = listener.next()
        assert event.kind == "incident"
        assert event.data["id"] == created.json()["id"]
        for state in ("verified", "dispatched", "closed"):
            assert client.patch(f"/incidents/{created.json()['id']}", json={"state": state}).status_code == 200


def test_every_tile_is_valid_as_written_and_decompressed(sample: Settings, tmp_path: Path) -> None:
    readers = CHECKOUT / "tests/readers"
    if not (readers / "node_modules").is_dir():
        pytest.skip("the readers are not installed: tools/readers.sh")
    files = []
    for stored in sorted((sample.data / "tiles/c").glob("*.glb.gz")):
        data = gzip.decompress(stored.read_bytes())
        for kind, content in (("packed", data), ("plain", decompressed(data))):
            files.append(tmp_path / f"{kind}_{stored.name[:-3]}")
            files[-1].write_bytes(content)
    done = subprocess.run(
        ["node", "validate_glb.mjs", *map(str, files)],
        cwd=readers,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == len(files) > 200
    assert [report for report in reports if report["errors"] or report["warnings"]] == []


def test_every_tile_keeps_the_rules_of_3d_tiles(sample: Settings) -> None:
    report = check_folder(sample.data / "tiles")
    assert report.violations == []
    assert report.contents > 100


def test_the_tiles_hold_every_building_once_and_the_old_town_in_l3(sample: Settings, base_url: str) -> None:
    seen: dict[int, int] = {}
    for tile in visit(Memory.of(sample.data / "tiles", "city")).walk():
        if not tile.children and tile.glb is not None:
            table = tile.glb.table()
            for id, level in zip(list(table["id"]), list(table["cim_level"]), strict=True):
                assert int(id) not in seen
                seen[int(id)] = int(level)
    counts = httpx.get(f"{base_url}/health", timeout=30).json()["counts"]
    assert len(seen) == counts["buildings"]
    assert sum(level == 3 for level in seen.values()) > 4_000


def test_a_second_start_is_idle(sample: Settings) -> None:
    rows = "SELECT count(*) + max(id) FROM cim.body"
    root = (sample.data / "tiles/city/tileset.json").stat()
    before = _scalar(sample, rows)
    command = [sys.executable, "-m", "api.cli", "up", "--detach"]
    for _ in range(2):  # the first one looks again at what others have changed in the city meanwhile
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=command_environment(sample),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert "unchanged  sources, terrain, imagery and city" in done.stderr
    assert _scalar(sample, rows) == before
    assert (sample.data / "tiles/city/tileset.json").stat().st_mtime_ns == root.st_mtime_ns


def test_each_stage_told_its_time_and_its_counts(sample: Settings) -> None:
    told = (sample.data / "up.log").read_text()
    for stage in ("database", "load", "terrain", "imagery", "city", "server", "in all"):
        assert f" s  {stage}" in told
    assert "buildings, " in told
    assert "read, " in told


def _scalar(settings: Settings, sql: str) -> int:
    pg = settings.data / "pg"
    with psycopg.connect(f"postgresql://cim@/cim?host={pg.resolve()}") as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])
