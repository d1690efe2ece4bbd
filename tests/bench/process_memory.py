"""The memory of a process and all it starts, together, sampled from /proc while it runs."""

import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.ground import CHECKOUT
from tests.bench.line import Invalid

_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that was seen at one moment. pss_mib: shared pages counted once; rss_mib: in every process that has them.

    processes: the most at a time; samples: how often it was looked at.
    """

    pss_mib: float
    rss_mib: float
    processes: int
    samples: int
    seconds: float


def watched(command: Sequence[str], environment: Mapping[str, str]) -> Peak:
    """Run a command to its end and tell its peak. Raises Invalid with its last words where it fails."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(command), cwd=CHECKOUT, env=dict(environment), stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            peak = _watch(process, began)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            said.seek(0)
            raise Invalid((said.read().decode(errors="replace").strip().splitlines() or ["it left no word"])[-1])
    return peak


def _watch(process: "subprocess.Popen[bytes]", began: float) -> Peak:
    """Samples until the process ends. Another thread waits for the end, so that a look at /proc never delays it."""
    ended = threading.Event()

    def wait() -> None:
        process.wait()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    pss = rss = 0
    most = samples = 0
    while not ended.wait(_EVERY_S):
        members = tree(process.pid)
        held = [memory(pid) for pid in members]
        pss, rss = max(pss, sum(p for p, _ in held)), max(rss, sum(r for _, r in held))
        most, samples = max(most, len(members)), samples + 1
    return Peak(pss / 1024.0, rss / 1024.0, most, samples, time.perf_counter() - began)


def tree(root: int) -> list[int]:
    """The process and its descendants, as far as they are there."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(after_name[1]), []).append(int(path.parent.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def memory(pid: int) -> tuple[int, int]:
    """(proportional, resident) set size in KiB; zero where the process has gone or may not be looked into."""
    sizes = {"Pss": 0, "Rss": 0}
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0, 0
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name in sizes:
            sizes[name] = int(value.split()[0])
    return sizes["Pss"], sizes["Rss"]
