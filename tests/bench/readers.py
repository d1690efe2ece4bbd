"""Other people's readers of tiles, run by Node: the validator of glTF, and a client that selects what it would draw."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.ground import CHECKOUT
from tests.bench.line import Invalid

_FOLDER = CHECKOUT / "tests" / "readers"
_PATIENCE_S = 300


@dataclass(frozen=True, slots=True)
class Selection:
    """What a client fetched for one view (bytes as they went over the line), and the addresses of the models it draws.

    fetched: (address, bytes) of each request.
    """

    requests: int
    bytes: int
    drawn: tuple[str, ...]
    fetched: tuple[tuple[str, int], ...]


def validate(files: Sequence[Path]) -> None:
    """Raise Invalid unless Khronos' validator finds neither error nor warning in these GLBs."""
    reports = _run("validate_glb.mjs", *map(str, files))
    bad = [report for report in reports if report["errors"] or report["warnings"]]
    if bad or len(reports) != len(files):
        told = bad[0]["told"] if bad else "some files have no report"
        raise Invalid(f"gltf-validator: {len(bad)} of {len(files)} models with errors or warnings, such as {told}")


def select(root: str, view: dict[str, Any]) -> Selection:
    """What 3d-tiles-renderer fetches and draws of a tileset at an address. Raises Invalid where a request fails."""
    (told,) = _run("far.mjs", root, json.dumps(view))
    wrong = [entry for entry in told["fetched"] if entry["status"] != 200]
    if told["failed"] or wrong:
        raise Invalid(f"3d-tiles-renderer: {(told['failed'] or wrong)[0]}")
    fetched = tuple((entry["url"], entry["bytes"]) for entry in told["fetched"])
    return Selection(len(fetched), sum(size for _, size in fetched), tuple(told["drawn"]), fetched)


def _run(script: str, *arguments: str) -> list[dict[str, Any]]:
    """The JSON lines that a script prints."""
    if shutil.which("node") is None or not (_FOLDER / "node_modules").is_dir():
        raise Invalid("the independent readers are not installed: Node.js, then tools/readers.sh")
    done = subprocess.run(
        ["node", script, *arguments], cwd=_FOLDER, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
    )
    if done.returncode:
        raise Invalid(f"{script}: {(done.stderr.strip().splitlines() or ['it left no word'])[-1]}")
    return [json.loads(line) for line in done.stdout.splitlines()]
