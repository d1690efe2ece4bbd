"""One load in a process of its own, as `cim load` does it: its seconds, its peak memory, what became of the records."""

import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.db import Database
from cim.types import silent
from loaders import pipeline
from tests.bench.ground import Ground, city, rows
from tests.bench.line import Invalid
from tests.bench.program import timed

DATASET = "buildings"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load came to. whole_s: the process, start to end; load_s: the load in it. peak_mib: of the loader's memory."""

    whole_s: float
    load_s: float
    peak_mib: float
    accepted: int
    rejected: int
    changes: Mapping[str, int]
    version: int


def load(url: str, path: Path, valid_from: str | None = None) -> Loaded:
    """Load a file of footprints as the next version of the dataset. Raises Invalid with the process's last words."""
    command = [sys.executable, "-m", "tests.bench.loading", url, str(path), *([valid_from] if valid_from else [])]
    whole, said = timed(command)
    return Loaded(whole_s=whole, **json.loads(said))


def checked(ground: Ground, path: Path, count: int, what: str) -> Loaded:
    """Load a file into a new database and hold what is published to what was delivered; only then its time counts."""
    with ground.database() as url:
        loaded = load(url, path)
        validate(url, count)
    ground.note(
        f"  {what}: {loaded.load_s:.1f} s of {loaded.whole_s:.1f}, peak {loaded.peak_mib:,.0f} MiB, {count:,} valid"
    )
    return loaded


def validate(url: str, count: int) -> None:
    """Raise Invalid unless exactly `count` buildings are published, each valid, of a size, with its id of the source."""
    ((bodies, valid, keys),) = rows(
        url,
        """SELECT count(*), count(*) FILTER (WHERE ST_IsValid(b.footprint) AND ST_Area(b.footprint) > 1),
                  count(DISTINCT o.source_key)
           FROM cim.current_body b JOIN cim.object o ON o.id = b.building_id""",
    )
    if not bodies == valid == keys == count:
        raise Invalid(f"{count:,} footprints delivered, {bodies:,} published, {valid:,} valid, {keys:,} ids")


def main(arguments: Sequence[str]) -> None:
    """The process: the address of the database, the file, and since when the world is so."""
    url, path = arguments[0], Path(arguments[1])
    source = Source(
        str(path),
        "buildings",
        constants={"cim_level": "L2", "lod": 1.0},
        valid_from=arguments[2] if len(arguments) > 2 else None,
    )
    began = time.perf_counter()
    report = pipeline.load(Database(url), NamedSource(DATASET, source), path, city(), silent, time.monotonic)
    found = {
        "load_s": time.perf_counter() - began,
        "peak_mib": peak_mib(),
        "accepted": report.accepted,
        "rejected": report.rejected,
        "changes": dict(report.changes),
        "version": report.version,
    }
    sys.stdout.write(json.dumps(found))


def peak_mib() -> float:
    """The most memory this process held, and the largest of its children beside it.

    VmHWM, for `ru_maxrss` of oneself begins with what the parent held when it started us.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024.0


if __name__ == "__main__":
    main(sys.argv[1:])
