"""What the machine offers: memory and shared memory, as a container's limits leave them."""

import os
import shutil
import stat
from pathlib import Path

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_bytes() -> int:
    """The memory this process may use: the machine's, or its control group's limit where that is less."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _LIMITS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            found = min(found, int(text))
    return found


def shared_memory_bytes() -> int:
    """Bytes free in /dev/shm, 0 where there is none or not every account may write there."""
    try:
        folder = Path("/dev/shm")
        return shutil.disk_usage(folder).free if folder.stat().st_mode & stat.S_IWOTH else 0
    except OSError:
        return 0
