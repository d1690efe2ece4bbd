"""Cities kept under a name: a root of its own, whose tiles stay until the name is taken away."""

import re
import shutil
from pathlib import Path

from cim.errors import BadInput, Conflict, Unknown
from tilesets.city.shelf import Shelf
from tilesets.publish import write_whole

_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,62}", re.ASCII)
_TAKEN = ("c", "u", "greens")


def keep(folder: Path, name: str, tileset: str = "city") -> None:
    """Let the tileset as it is now be found under a name too. Raises BadInput, Conflict (the name is in use) or Unknown."""
    require_free(folder, name, tileset)
    shelf, mine = Shelf(folder, tileset), folder / name
    with shelf.locked():
        if not shelf.root.is_file():
            raise Unknown(f"no tileset {tileset} is built yet; `cim build {tileset}` makes it")
        write_whole(mine / "tileset.json", shelf.root.read_bytes())


def require_free(folder: Path, name: str, tileset: str = "city") -> None:
    """Raise BadInput for what cannot be a name, Conflict for one that is in use."""
    if not _NAME.fullmatch(name) or name in (*_TAKEN, tileset):
        raise BadInput(
            f"{name!r} cannot be a name: expected letters, digits, - and _, and none of {', '.join(_TAKEN)}, {tileset}"
        )
    if (folder / name / "tileset.json").exists():
        raise Conflict(f"there is a city kept as {name} already; `cim build --forget {name}` lets it go")


def forget(folder: Path, name: str, tileset: str = "city") -> None:
    """Let a kept city go. Raises Unknown where there is none of this name."""
    if not _NAME.fullmatch(name) or name in (*_TAKEN, tileset) or not (folder / name / "tileset.json").is_file():
        raise Unknown(f"no city is kept as {name!r}")
    shutil.rmtree(folder / name)
