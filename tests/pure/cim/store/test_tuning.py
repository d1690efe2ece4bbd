"""The private cluster's settings: fit for small and large machines, and for any path."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.store.embedded.tuning import GIB, MIB, SOCKET_LIMIT, server_settings, settings_text, socket_folder


def megabytes(text: str) -> int:
    return int(text.removesuffix("MB"))


@pytest.mark.parametrize(
    ("memory", "shared_buffers"), [(512 * MIB, 128), (4 * GIB, 512), (24 * GIB, 2048), (512 * GIB, 2048)]
)
def test_memory_settings_follow_the_machine(memory: int, shared_buffers: int) -> None:
    assert megabytes(server_settings(memory, GIB, Path("/s"))["shared_buffers"]) == shared_buffers


@given(st.integers(GIB, 1024 * GIB))
def test_the_server_never_plans_with_more_than_the_machine_has(memory: int) -> None:
    settings = server_settings(memory, GIB, Path("/s"))
    sessions = int(settings["max_connections"])
    # 60 sessions sorting at once on the least memory is the worst that the settings themselves allow for
    assert megabytes(settings["shared_buffers"]) * MIB <= memory // 4
    assert megabytes(settings["work_mem"]) * MIB * sessions <= memory // 2


def test_a_small_dev_shm_is_not_used() -> None:
    assert server_settings(4 * GIB, 64 * MIB, Path("/s"))["dynamic_shared_memory_type"] == "mmap"
    assert server_settings(4 * GIB, 2 * GIB, Path("/s"))["dynamic_shared_memory_type"] == "posix"


def test_nothing_is_traded_for_durability() -> None:
    settings = server_settings(4 * GIB, GIB, Path("/s"))
    assert (settings["fsync"], settings["synchronous_commit"], settings["listen_addresses"]) == ("on", "on", "")


def test_a_quote_in_the_path_cannot_end_the_value() -> None:
    text = settings_text(server_settings(4 * GIB, GIB, Path("/it's; port = '1'")))
    assert "unix_socket_directories = '/it''s; port = ''1'''\n" in text


@given(st.text("ab/长", min_size=1, max_size=200))
def test_the_socket_path_always_fits(tail: str) -> None:
    folder = socket_folder(Path("/" + tail), "0123456789abcdef", Path("/tmp"))
    assert len(str(folder / ".s.PGSQL.5432.lock").encode()) < SOCKET_LIMIT
