"""Folders of exports being written: what a killed process left goes with the next one, what is being written stays."""

import os
import subprocess
import sys

import pytest

from cim.exports.unfinished import unfinished


def test_a_folder_is_there_while_it_is_written_and_gone_afterwards(tmp_path):
    def broken_off():
        with unfinished(tmp_path, ".out-") as folder:
            (folder / "half").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_may_lie_within_another_one(tmp_path):
    with unfinished(tmp_path, ".out-") as outer, unfinished(outer, ".out-") as inner:
        assert inner.parent == outer
    assert list(tmp_path.iterdir()) == []


def test_what_others_are_writing_stays_and_what_nobody_writes_goes(tmp_path):
    (tmp_path / ".out-left" / "deep").mkdir(parents=True)
    (tmp_path / ".out-left" / "deep" / "half").write_bytes(b"half")
    (tmp_path / ".out-note").write_text("a file of somebody else")
    (tmp_path / ".other-left").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".out-link").symlink_to(tmp_path / "elsewhere")
    with unfinished(tmp_path, ".out-") as first, unfinished(tmp_path, ".out-") as second:
        assert first.is_dir()
        assert second.is_dir()
        assert first != second
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".out-note", ".other-left", ".out-link", "elsewhere"}


@pytest.mark.long
def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path):
    script = (
        "import os, signal, sys; from pathlib import Path; from cim.exports.unfinished import unfinished\n"
        "with unfinished(Path(sys.argv[1]), '.out-') as folder:\n"
        "    (folder / 'half').write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=os.environ)
    assert done.returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    with unfinished(tmp_path, ".out-") as folder:
        assert list(tmp_path.iterdir()) == [folder]
