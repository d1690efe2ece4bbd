"""Line `mvt.cached`: tiles that are in the cache, as fast as one server gives them."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.bench import serving, tiles
from tests.bench.ground import Ground
from tests.bench.line import Figure, Invalid, Line
from tests.bench.lines.mvt_cold import OURS
from tests.bench.rounds import ROUNDS

ZOOM = 16
_TILES, _CONNECTIONS, _SECONDS = 200, 8, 5

# wrk calls `request` for each one; all answers must be 200, and be gzipped.
_SCRIPT = """
local paths = {{ {paths} }}
local next_one = 0
request = function()
  next_one = next_one % #paths + 1
  return wrk.format("GET", paths[next_one], {{ ["Accept-Encoding"] = "gzip" }})
end
"""


def measure(ground: Ground) -> Figure:
    """The median rate of three rounds of wrk (one thread, eight connections), each tile in turn."""
    program = shutil.which("wrk")
    if program is None:
        raise Invalid("wrk is not installed (tools/rivals.sh)")
    with tiles.loaded(ground) as url, serving.ours(url) as port, tempfile.TemporaryDirectory() as folder:
        wanted = tiles.drawn(url, [ZOOM], _TILES)
        ours = tiles.Door(port, OURS)
        size = sum(len(ours.read(tile)) for tile in wanted) / len(wanted)  # from now on they are in the cache
        with tiles.straight(url) as straight:
            tiles.same(wanted[-1], ours.read(wanted[-1]), straight[0](wanted[-1]), "database")
        script = Path(folder) / "tiles.lua"
        paths = ", ".join(f'"{OURS.format(z=tile.z, x=tile.x, y=tile.y)}"' for tile in wanted)
        script.write_text(_SCRIPT.format(paths=paths), encoding="utf-8")
        rates = sorted(
            _rate([program, f"-c{_CONNECTIONS}", "-t1", f"-d{_SECONDS}s", "-s", str(script)], port)
            for _ in range(ROUNDS)
        )
    ground.note(f"  {len(wanted)} tiles of {size / 1024:.1f} KiB; {rates[0]:,.0f} to {rates[-1]:,.0f} a second")
    return Figure(rates[len(rates) // 2])


def _rate(command: list[str], port: int) -> float:
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, timeout=60, check=False
    )
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if done.returncode or found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise Invalid(f"wrk: {(done.stdout + done.stderr).strip().splitlines()[-1]}")
    return float(found[1])


LINE = Line(
    name="mvt.cached",
    unit="tiles/s",
    what="vector tiles (z16) from the cache of one server over HTTP, asked by wrk on the same machine",
    measure=measure,
    at_least=5_000,
)
