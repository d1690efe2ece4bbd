"""Servers under measurement: ours as `cim serve` starts it, and tipg, each a process of its own on a loopback port."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tests.bench.ground import CHECKOUT
from tests.bench.line import Invalid
from tests.bench.workshop import Workshop, command, free_port

_STARTED_S = 60.0
_TIPG = CHECKOUT / "var" / "rivals" / "bin" / "uvicorn"


@contextmanager
def ours(url: str) -> Iterator[int]:
    """Our server over a database; its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cim-bench-") as data:
        own = {name: value for name, value in os.environ.items() if not name.startswith("CIM_")}
        own |= {
            "CIM_DATA": data,
            "CIM_CITY": str(CHECKOUT / "city.toml"),
            "CIM_PORT": str(port),
            "CIM_DATABASE_URL": url,
        }
        with _running([sys.executable, "-m", "api.cli", "serve"], own, f"http://127.0.0.1:{port}/health"):
            yield port


@contextmanager
def serving(shop: Workshop) -> Iterator[str]:
    """Our server over a workshop and its tiles; its address."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with _running(command("serve"), shop.environment(port), f"{base}/tiles3d/city/tileset.json"):
        yield base


def has_tipg() -> bool:
    """Whether tipg is installed."""
    return (_TIPG.parent / "python").exists() and any(_TIPG.parents[1].glob("lib/python*/site-packages/tipg"))


@contextmanager
def tipg(url: str, schema: str) -> Iterator[int]:
    """tipg over one schema of a database; its port. As many features a tile as there are, our margin, our connections."""
    port, place = free_port(), urlsplit(url)
    folder = parse_qs(place.query).get("host", [""])[0]
    # It takes no address without a host, but a socket's folder for one; a password it does not need.
    address = f"postgresql://{place.username}:none@{quote(folder, safe='')}:5432{place.path}" if folder else url
    own = {**os.environ, "DATABASE_URL": address, "TIPG_DB_SCHEMAS": f'["{schema}"]'}
    own |= {"TIPG_MAX_FEATURES_PER_TILE": "1000000", "TIPG_TILE_BUFFER": "64", "DB_MIN_CONN_SIZE": "4"}
    command = [str(_TIPG), "tipg.main:app", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    with _running(command, own, f"http://127.0.0.1:{port}/collections"):
        yield port


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], probe: str) -> Iterator[None]:
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(list(command), cwd=CHECKOUT, env=dict(environment), stdout=said, stderr=said)
        try:
            if not _answers(server, probe):
                said.seek(0)
                words = said.read().decode(errors="replace").strip().splitlines() or ["it left no word"]
                raise Invalid(f"{Path(command[0]).name} did not start: {words[-1]}")
            yield
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _answers(server: "subprocess.Popen[bytes]", probe: str) -> bool:
    deadline = time.monotonic() + _STARTED_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(probe, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False
