"""The private cluster's server settings, from the memory it may use."""

from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB
SOCKET_LIMIT = 107
"""bytes a unix socket's path may have (sun_path of Linux holds 108 with the closing NUL)"""


def server_settings(memory: int, shared_memory: int, sockets: Path) -> dict[str, str]:
    """Settings for a machine.

    memory: bytes the server and all else share. shared_memory: bytes free in /dev/shm (a container has 64 MiB,
    too little for parallel queries: then the segments are files in the data folder). sockets: the socket's folder.

    >>> settings = server_settings(24 * GIB, 12 * GIB, Path("/tmp/s"))
    >>> settings["shared_buffers"], settings["work_mem"], settings["listen_addresses"]
    ('2048MB', '64MB', '')
    >>> server_settings(4 * GIB, 64 * MIB, Path("/tmp/s"))["shared_buffers"]
    '512MB'
    """
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "60",
        "shared_buffers": _share(memory, 8, 128, 2048),
        "effective_cache_size": _share(memory, 2, 256, 65536),
        "work_mem": _share(memory, 256, 8, 64),
        "maintenance_work_mem": _share(memory, 32, 64, 512),
        "dynamic_shared_memory_type": "posix" if shared_memory >= 512 * MIB else "mmap",
        "max_wal_size": "4GB" if memory >= 8 * GIB else "1GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "jit": "off",  # PostGIS plans look dear, and compiling them costs more than it saves
        "random_page_cost": "1.1",
        "timezone": "GMT",  # the one zone that needs no tzdata on the machine; equal to UTC
        "log_timezone": "GMT",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgres-%a.log",  # seven files at most, each written over a week later
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
    }


def _share(memory: int, part: int, least: int, most: int) -> str:
    return f"{max(least, min(most, memory // part // MIB))}MB"


def settings_text(settings: dict[str, str]) -> str:
    r"""The settings as a PostgreSQL configuration file.

    >>> print(settings_text({"a": "it's", "b": "1"}), end="")
    # Written anew at each start: put your own settings into postgresql.conf, below the include.
    a = 'it''s'
    b = '1'
    """
    head = "# Written anew at each start: put your own settings into postgresql.conf, below the include.\n"
    return head + "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())


def socket_folder(cluster: Path, digest: str, fallback: Path) -> Path:
    """Where the socket lies: in the cluster's own private folder; where its path is too long, in `fallback`.

    >>> socket_folder(Path("/srv/cim/pg"), "ab12", Path("/tmp"))
    PosixPath('/srv/cim/pg')
    >>> socket_folder(Path("/" + "x" * 120), "ab12", Path("/tmp"))
    PosixPath('/tmp/datong-cim-ab12')
    """
    longest = cluster / ".s.PGSQL.5432.lock"
    return cluster if len(str(longest).encode()) < SOCKET_LIMIT else fallback / f"datong-cim-{digest}"
