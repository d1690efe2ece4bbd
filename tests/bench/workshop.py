"""A town in a store of its own with its terrain built, and the command's doors over it: what the lines of tiles stand on."""

import json
import os
import shutil
import socket
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import relief, town
from tests.bench.ground import CHECKOUT, Ground, execute, rows
from tests.bench.line import Invalid
from tests.bench.loading import validate
from tests.bench.program import timed

_CITY = """
[city]
name = "试验市"
crs = "EPSG:4547"
extent = [112.5785, 39.0483, 114.5689, 40.7399]

[[source]]
name = "buildings"
layer = "buildings"
location = {buildings}
constants = {{ cim_level = "L2", lod = 1.0 }}

[[source]]
name = "dem"
layer = "dem"
location = {dem}
"""


@dataclass(frozen=True, slots=True)
class Workshop:
    """A loaded town. url: its database; data: its data folder; city_file: where its sources stand; count: its buildings."""

    url: str
    data: Path
    city_file: Path
    count: int

    @property
    def tiles(self) -> Path:
        """The folder of tiles."""
        return self.data / "tiles"

    def environment(self, port: int | None = None) -> dict[str, str]:
        """The variables under which the command works here, whatever the developer has set."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("CIM_")}
        given = {"CIM_DATABASE_URL": self.url, "CIM_DATA": str(self.data), "CIM_CITY": str(self.city_file)}
        return own | given | {"PYTHONPATH": str(CHECKOUT)} | ({} if port is None else {"CIM_PORT": str(port)})

    def cim(self, *arguments: str) -> float:
        """Seconds of the whole process of one command. Raises Invalid with its last words where it fails."""
        seconds, _ = timed(command(*arguments), self.environment())
        return seconds


def command(*arguments: str) -> list[str]:
    """The command as a process is started with it."""
    return [sys.executable, "-m", "api.cli", *arguments]


@contextmanager
def loaded(ground: Ground, count: int, *, hilly: bool) -> Iterator[Workshop]:
    """A town of `count` buildings loaded by `cim load`, terrain built by `cim build terrain`; gone afterwards."""
    files = {"buildings": town.kept(ground.files, count), "dem": relief.kept(ground.files, count, hilly=hilly)}
    folder = Path(tempfile.mkdtemp(prefix="cim-bench-town-"))
    try:
        city_file = folder / "city.toml"
        quoted = {name: json.dumps(str(path.resolve()), ensure_ascii=False) for name, path in files.items()}
        city_file.write_text(_CITY.format(**quoted), encoding="utf-8")
        with ground.database() as url:
            shop = Workshop(url, folder / "data", city_file, count)
            load_s = shop.cim("load")
            validate(url, count)
            terrain_s = shop.cim("build", "terrain")
            execute(url, "VACUUM ANALYZE")
            ground.settle()
            ground.note(
                f"  {count:,} buildings loaded in {load_s:.1f} s, terrain built in {terrain_s:.1f} s (not timed)"
            )
            yield shop
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh(ground: Ground, shop: Workshop) -> Iterator[Workshop]:
    """The same town as if it had just been loaded: a copy of its database, and a data folder that holds terrain only."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    data = Path(tempfile.mkdtemp(prefix="round-", dir=shop.data.parent))
    execute(ground.cluster, f"CREATE DATABASE {name} TEMPLATE {urlsplit(shop.url).path.lstrip('/')}")
    try:
        shutil.copytree(shop.data / "terrain", data / "terrain")
        ground.settle()
        yield replace(shop, url=urlsplit(shop.url)._replace(path=f"/{name}").geturl(), data=data)
    finally:
        execute(ground.cluster, f"DROP DATABASE {name} WITH (FORCE)")
        shutil.rmtree(data, ignore_errors=True)


def buildings(shop: Workshop) -> dict[int, float]:
    """{id that clients see: height} of every current building."""
    found = rows(shop.url, "SELECT building_id, height_m FROM cim.current_body")
    if len(found) != shop.count:
        raise Invalid(f"{shop.count:,} buildings loaded, {len(found):,} are current")
    return dict(found)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
