"""Spoilt vector files: whatever stands in them, batches come or a refusal by name; never a crash, never a hang."""

import subprocess
import sys

import pytest

from tests.vector_files import WRITERS

pytestmark = pytest.mark.long

_PATIENCE_S = 240


@pytest.mark.parametrize(
    ("formats", "examples"),
    [([name for name in WRITERS if name != "osm_pbf"], 40), (["osm_pbf"], 20)],
    ids=["read here", "read by a process"],
)
def test_spoilt_files_end_in_batches_or_in_a_refusal_by_name(tmp_path, checkout, formats, examples):
    command = [sys.executable, "-m", "tests.vector_fuzz", ",".join(formats), str(tmp_path), str(examples)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=_PATIENCE_S)
    assert done.returncode == 0, done.stderr[-3_000:]
