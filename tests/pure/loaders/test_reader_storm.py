"""Damaged deliveries: whatever bytes come, a reader answers with records or one sentence, in its time and memory."""

import subprocess
import sys

import pytest


@pytest.mark.long
def test_no_damage_makes_a_reader_throw_hang_or_die(checkout, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.reader_storm", str(tmp_path), "20260501", "300"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    fates = {tuple(line.split()[:2]) for line in done.stdout.splitlines()}
    assert {(".csv", "read"), (".las", "read"), (".laz", "read"), (".xlsx", "read")} <= fates
    assert {(e, "bad_source") for e in (".csv", ".las", ".laz", ".xlsx", ".zip")} <= fates
