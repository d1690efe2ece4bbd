"""Runs a browser scenario (a Node script of this folder) and hands back what it noted."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
VIEWER = HERE.parents[1] / "api/viewer/dist/index.html"

Play = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def play(drive: Play) -> Play:
    """`drive` for scenarios in the built viewer."""
    if not VIEWER.is_file():
        pytest.skip("the viewer is not built: tools/viewer.sh")
    return drive


@pytest.fixture(scope="session")
def drive() -> Play:
    """`drive("city", *arguments)` runs city.mjs; its JSON is the answer, its words are the failure's."""
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not shutil.which("node") or not (HERE / "node_modules").is_dir():
        pytest.skip("the browser's driver is not installed: tools/readers.sh")
    if not shutil.which(chromium):
        pytest.skip(f"there is no Chromium at {chromium}; CHROMIUM names another")

    def run(scenario: str, *arguments: str) -> dict[str, Any]:
        environ = os.environ | {"CHROMIUM": chromium}
        command = ["node", str(HERE / f"{scenario}.mjs"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1500, env=environ)
        assert done.returncode == 0, done.stderr
        noted: dict[str, Any] = json.loads(done.stdout)
        assert noted["errors"] == [], "uncaught errors on the page"
        return noted

    return run
