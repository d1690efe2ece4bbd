"""The sink: names from bytes, nothing rewritten, the root last, a full disk told in one sentence."""

import errno
import gzip
import os
from pathlib import Path

import pytest

from cim.errors import NoSpace
from tilesets.publish import FolderSink, name_of


def test_a_content_is_named_by_its_bytes_and_stored_compressed_without_a_clock(tmp_path: Path) -> None:
    name = FolderSink(tmp_path).put("glb", b"glTF" * 100)
    stored = (tmp_path / "c" / f"{name}.gz").read_bytes()
    assert name == name_of("glb", b"glTF" * 100)
    assert gzip.decompress(stored) == b"glTF" * 100
    assert stored[4:8] == bytes(4)


def test_what_exists_whole_is_not_written_again_and_what_was_cut_short_is(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    path = tmp_path / "c" / f"{sink.put('json', b'{}')}.gz"
    before = path.stat()
    sink.put("json", b"{}")
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns >= before.st_mtime_ns  # it is wanted now
    for remains in (0, 7):  # what a power cut can leave
        path.write_bytes(path.read_bytes()[:remains])
        sink.put("json", b"{}")
        assert gzip.decompress(path.read_bytes()) == b"{}"


def test_the_root_is_replaced_whole(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    sink.publish("city", b"old")
    reader = (tmp_path / "city" / "tileset.json").open("rb")
    sink.publish("city", b"new and longer")
    assert reader.read() == b"old"
    assert (tmp_path / "city" / "tileset.json").read_bytes() == b"new and longer"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_root_and_no_crumbs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    sink = FolderSink(tmp_path)
    sink.publish("city", b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(NoSpace, match="free some space"):
        sink.publish("city", b"new")
    assert (tmp_path / "city" / "tileset.json").read_bytes() == b"old"
    assert [path.name for path in (tmp_path / "city").iterdir()] == ["tileset.json"]


def test_another_trouble_with_the_disk_keeps_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="c"):
        FolderSink(tmp_path).put("json", b"{}")
