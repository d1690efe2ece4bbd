"""A server over a workshop, as `cim serve` runs it, for as long as a line needs it."""

import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.ground import CHECKOUT
from tests.bench.line import Invalid
from tests.bench.workshop import Workshop, command, free_port

_PATIENCE_S = 60.0
_NAP_S = 0.05


@contextmanager
def serving(shop: Workshop) -> Iterator[str]:
    """The address of a server that answers; stopped at the end. Raises Invalid with its last words if it never answers."""
    port = free_port()
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(
            command("serve"), cwd=CHECKOUT, env=shop.environment(port), stdout=said, stderr=subprocess.STDOUT
        )
        try:
            base = f"http://127.0.0.1:{port}"
            if not _comes_up(server, base):
                said.seek(0)
                words = said.read().decode(errors="replace").strip().splitlines() or ["it left no word"]
                raise Invalid(f"cim serve did not come up: {words[-1]}")
            yield base
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _comes_up(server: "subprocess.Popen[bytes]", base: str) -> bool:
    began = time.monotonic()
    while server.poll() is None and time.monotonic() - began < _PATIENCE_S:
        try:
            with urllib.request.urlopen(f"{base}/tiles3d/city/tileset.json", timeout=5):
                return True
        except urllib.error.URLError:
            time.sleep(_NAP_S)
    return False
