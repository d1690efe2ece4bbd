"""Who listens on a TCP port of this machine, as /proc tells it."""

from dataclasses import dataclass
from pathlib import Path

from cim.errors import Conflict

_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that listens; pid None when it belongs to another account and /proc hides it."""

    pid: int | None
    command: str

    def __str__(self) -> str:
        return "a program of another account" if self.pid is None else f"process {self.pid} ({self.command})"


def port_holder(port: int) -> Holder | None:
    """The process that listens on this port, on whatever address; None where the port is free."""
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            inodes |= listening_inodes(Path(table).read_text(), port)
        except OSError:
            continue
    return _owner(inodes) if inodes else None


def refuse_taken_port(port: int) -> None:
    """Raises Conflict with the holder of the port, and the way out."""
    holder = port_holder(port)
    if holder is not None:
        raise Conflict(f"port {port} is in use by {holder}; stop it, or choose another, such as CIM_PORT=8001 make up")


def listening_inodes(table: str, port: int) -> set[str]:
    r"""Socket inodes that listen on the port, in the text of /proc/net/tcp or tcp6.

    >>> head = "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode\n"
    >>> row = "0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1 0 100\n"
    >>> listening_inodes(head + row, 8000), listening_inodes(head + row, 8001)
    ({'4711'}, set())
    """
    rows = [line.split() for line in table.splitlines()[1:]]
    listening = [row for row in rows if len(row) > 9 and row[3] == _LISTENING]
    return {row[9] for row in listening if int(row[1].rpartition(":")[2], 16) == port}


def _owner(inodes: set[str]) -> Holder:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in wanted for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return Holder(int(process.name), command[:120])
        except OSError:
            continue  # it ended meanwhile, or is another account's
    return Holder(None, "")
