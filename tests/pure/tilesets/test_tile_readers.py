"""The tiles before readers that are not ours: Khronos' validator, loaders.gl, glTF-Transform, three.js."""

import gzip
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.glb import decompressed, parse
from tests.sample_city import CRS, Even, Slope, city
from tilesets.build import build_city
from tilesets.publish import FolderSink

READERS = Path(__file__).resolve().parents[2] / "readers"
pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        not (READERS / "node_modules").is_dir(), reason="the readers are not installed: npm ci --prefix tests/readers"
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little city as it lies on disk, over two districts."""
    made = tmp_path_factory.mktemp("tiles")
    build_city([city(600, width_m=6000.0)], Slope(), Even(), CRS, FolderSink(made), target_bytes=32 * 1024)
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The folder over HTTP, as a static host would serve it."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = folder / self.path.lstrip("/")
            packed = path.with_name(f"{path.name}.gz")
            body = packed.read_bytes() if packed.is_file() else path.read_bytes()
            self.send_response(200)
            if packed.is_file():
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(script: str, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["node", script, *arguments], cwd=READERS, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_validator_finds_neither_errors_nor_warnings_packed_or_plain(folder: Path, tmp_path: Path) -> None:
    files = []
    for stored in sorted((folder / "c").glob("*.glb.gz")):
        data = gzip.decompress(stored.read_bytes())
        for kind, content in (("packed", data), ("plain", decompressed(data))):
            files.append(tmp_path / f"{kind}_{stored.name[:-3]}")
            files[-1].write_bytes(content)
    reports = run("validate_glb.mjs", *map(str, files))
    assert len(reports) == len(files) >= 10
    assert [report for report in reports if report["errors"] or report["warnings"]] == []


def test_independent_readers_see_what_was_written(folder: Path, address: str) -> None:
    root, *tiles = run("read_tileset.mjs", f"{address}/city/tileset.json")
    assert root["version"] == "1.1"
    assert len(tiles) >= len(list((folder / "c").glob("*.glb.gz")))
    for tile in tiles:
        glb = parse(gzip.decompress((folder / "c" / f"{tile['uri']}.gz").read_bytes()))
        at, feature, table = glb.ecef(), glb.attribute("_FEATURE_ID_0"), glb.table()
        assert np.allclose(tile["three"]["min"], at.min(axis=0), atol=1e-3)
        assert np.allclose(tile["three"]["max"], at.max(axis=0), atol=1e-3)
        assert tile["three"]["triangles"] == tile["transform"]["triangles"] == len(glb.triangles())
        assert tile["transform"]["vertices"] == len(at)
        assert tile["transform"]["lastFeature"] == int(feature[-1])
        for row, seen in zip((0, int(feature[-1])), tile["three"]["features"], strict=True):
            assert seen["id"] == int(table["id"][row])
            assert seen["height"] == float(table["height"][row])
            assert seen["is_synthetic"] is True
            assert seen["cim_level"] == f"L{table['cim_level'][row]}"
            assert (seen.get("name") or "") == (table["name"][row] if "name" in table else "")
