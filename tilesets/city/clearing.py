"""Files that no root names any more: marked when first seen so, and removed a day later.

A root is a tileset.json: of a tileset, of a version that was given a name (both stay until they are taken away), or of
another day, which was made when somebody asked for it and goes a week after the last one asked. Whoever holds an old root
can therefore fetch everything it names for a day after it was replaced.
"""

import fcntl
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cim.errors import BadSource, LostRecord
from tilesets.city import index as indexes
from tilesets.publish import FolderSink, write_whole

GRACE_S = 24 * 3600.0
ASKED_S = 7 * 24 * 3600.0
_MARKS = "unreferenced.json"
_NAME = re.compile(r"[0-9a-f]{32}\.[a-z]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clearing did: files removed, their bytes, and how many wait for their day. stopped: why it did nothing."""

    files: int
    bytes: int
    waiting: int
    stopped: str = ""


def clear(folder: Path, now: float, *, grace_s: float = GRACE_S, asked_s: float = ASKED_S) -> Cleared:
    """Mark what no root under `folder` names, and remove what was marked `grace_s` ago and was not put again since.

    now: seconds since 1970. It waits for nobody: while a build is under way nothing is removed. Nor is it where a root
    cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Cleared(0, 0, 0, "a build is under way")
        return _clear(folder, now, grace_s, asked_s)


def _clear(folder: Path, now: float, grace_s: float, asked_s: float) -> Cleared:
    sink = FolderSink(folder)
    _drop_days(folder, now - asked_s)
    needed: set[str] = set()
    for root in roots(folder):
        try:
            _need(sink, root, needed)
        except (OSError, BadSource, LostRecord, ValueError, KeyError) as error:
            return Cleared(0, 0, 0, f"{root} cannot be read whole ({error}); build it anew, or remove it")
    before, marked = _marks(folder), {}
    files = size = 0
    for path in _stored(folder):
        name = path.name.removesuffix(".gz")
        if name in needed:
            continue
        since = max(before.get(name, now), path.stat().st_mtime)
        if now - since < grace_s:
            marked[name] = since
            continue
        size += path.stat().st_size
        files += 1
        path.unlink(missing_ok=True)
    _drop_crumbs(folder, now - grace_s)
    if marked != before:
        write_whole(folder / _MARKS, json.dumps(marked, separators=(",", ":"), sort_keys=True).encode())
    return Cleared(files, size, len(marked))


def roots(folder: Path) -> list[Path]:
    """Every root: of tilesets, named versions and other days."""
    return sorted([*folder.glob("*/tileset.json"), *folder.glob("*/at/*/tileset.json")])


def _need(sink: FolderSink, root: Path, needed: set[str]) -> None:
    """Add all that a root needs: contents through nested tilesets, and what its index keeps."""
    _need_contents(sink, json.loads(root.read_bytes())["root"], needed)
    index = root.with_name("index.json")
    if index.is_file():
        needed |= indexes.decode(index.read_bytes(), str(index)).names()


def _need_contents(sink: FolderSink, tile: dict[str, Any], needed: set[str]) -> None:
    if "content" in tile:
        name = str(tile["content"]["uri"]).rpartition("/")[2]
        if name.endswith(".json") and name not in needed:
            _need_contents(sink, json.loads(sink.get(name))["root"], needed)
        needed.add(name)
    for child in tile.get("children", ()):
        _need_contents(sink, child, needed)


def _stored(folder: Path) -> Iterator[Path]:
    for part in ("c", "u"):
        for path in sorted((folder / part).glob("*")) if (folder / part).is_dir() else ():
            if _NAME.fullmatch(path.name.removesuffix(".gz")):
                yield path


def _marks(folder: Path) -> dict[str, float]:
    try:
        found = json.loads((folder / _MARKS).read_text(encoding="utf-8"))
        return {str(name): float(since) for name, since in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _drop_crumbs(folder: Path, before: float) -> None:
    """What writers that were killed have left half written."""
    for path in folder.rglob(".*.part"):
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def _drop_days(folder: Path, before: float) -> None:
    """Roots of other days that nobody has asked for since, and what failed ones have left."""
    for day in folder.glob("*/at/*"):
        root = day / "tileset.json"
        if (root if root.is_file() else day).stat().st_mtime < before:
            shutil.rmtree(day, ignore_errors=True)
