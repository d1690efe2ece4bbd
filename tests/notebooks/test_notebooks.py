"""The notebooks are executed against the running sample city, after a day of readings has come in by the front door."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from cim.settings import Settings
from tests.conftest import CHECKOUT, command_environment

pytestmark = pytest.mark.notebook
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def day(sample: Settings) -> None:
    """A day of synthetic readings, sent as a device would send them."""
    command = [sys.executable, "-m", "api.cli", "simulate", "--speed", "0", "--duration", "1", "--backfill", "86400"]
    subprocess.run(command, cwd=CHECKOUT, env=command_environment(sample), check=True, timeout=300)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_to_its_end(path: Path, sample: Settings, day: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in command_environment(sample).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in shown if output.output_type == "error"]
    pictures = [output for output in shown if "image/png" in output.get("data", {})]
    assert pictures, "no picture was drawn"


def test_notebooks_are_committed_without_outputs() -> None:
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert not any(cell.get("outputs") for cell in cells), f"{path.name} holds outputs: clear them"
