"""The server process of this data folder: started detached or found running, stopped by its own id."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from cim.errors import CimError, Conflict
from cim.settings import Settings

_START_S = 30.0
_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started for a data folder: its process, the kernel's start time of it, and its port."""

    pid: int
    born: int
    port: int

    def is_alive(self) -> bool:
        """Whether this very process still runs (a recycled process id has another start time)."""
        return _born(self.pid) == self.born


def running(settings: Settings) -> Server | None:
    """The server recorded for this data folder, if it still runs."""
    try:
        server = Server(**json.loads(_record(settings).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return server if server.is_alive() else None


def record_self(settings: Settings) -> None:
    """Note this process as the data folder's server, so that `cim down` can stop it.

    Raises Conflict while another server of the same data folder runs.
    """
    pid, record = os.getpid(), _record(settings)
    other = running(settings)
    if other is not None and other.pid != pid:
        raise Conflict(
            f"{settings.data} is served already on port {other.port} by process {other.pid}; `cim down` stops it"
        )
    record.parent.mkdir(parents=True, exist_ok=True)
    beside = record.with_suffix(f".{pid}")
    beside.write_text(json.dumps(asdict(Server(pid, _born(pid) or 0, settings.port))))
    beside.replace(record)


def start(settings: Settings) -> Server:
    """Start the server in the background and wait until /health answers.

    Raises Conflict with the log's last line when it ends (a taken port says who holds it), CimError when it stays silent.
    """
    log = settings.data / "run" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, "CIM_CITY": str(settings.city_file), "CIM_DATA": str(settings.data)},
        )
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Conflict(f"the server did not start: {_last_line(log)} (log: {log})")
        server = running(settings)
        if server is not None and server.pid == process.pid and is_healthy(settings.port):
            return server
        time.sleep(0.05)
    process.terminate()
    raise CimError(f"the server did not answer on port {settings.port} within {_START_S:.0f} s (log: {log})")


def stop(settings: Settings, wait: Callable[[float], None] = time.sleep) -> bool:
    """Stop the recorded server; True if one was running. Only that process, by its id."""
    server = running(settings)
    if server is None:
        return False
    os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while server.is_alive() and time.monotonic() < deadline:
        wait(0.05)
    if server.is_alive():
        os.kill(server.pid, signal.SIGKILL)
    _record(settings).unlink(missing_ok=True)
    return True


def is_healthy(port: int) -> bool:
    """Whether a server on this port answers /health with 200."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (HTTPError, URLError, OSError):
        return False


def _record(settings: Settings) -> Path:
    return settings.data / "run" / "server.json"


def _born(pid: int) -> int | None:
    """The start time of a process in clock ticks since boot (field 22 of /proc/pid/stat); None if it is gone or dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("cim: ") if lines else "it left no word"
