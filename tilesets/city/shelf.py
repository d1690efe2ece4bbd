"""The files beside a root: its index, the journal of a build under way, and the lock that lets one build at a time.

{tileset}/index.json    what the root was made of
{tileset}/journal       one line a unit that a build under way has made: a killed build goes on from there
{tileset}/lock
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cim.errors import BadSource, Conflict
from tilesets.city import index as indexes
from tilesets.city.index import Index, Made
from tilesets.publish import write_whole


@dataclass(frozen=True, slots=True)
class Shelf:
    """One tileset's own files. folder: of all tilesets."""

    folder: Path
    tileset: str

    @property
    def root(self) -> Path:
        """The root's JSON."""
        return self.folder / self.tileset / "tileset.json"

    @property
    def _index(self) -> Path:
        return self.folder / self.tileset / "index.json"

    @property
    def _journal(self) -> Path:
        return self.folder / self.tileset / "journal"

    @contextmanager
    def locked(self, *, wait: bool = True) -> Iterator[None]:
        """Keep other builds of this tileset out. Raises Conflict where one is under way and `wait` is false."""
        place = self.folder / self.tileset / "lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                raise Conflict(f"tileset {self.tileset} is being built by another run; wait for it to end") from error
            yield

    def index(self) -> Index | None:
        """The index of the root in place; None where there is none (of this builder), or no root."""
        try:
            return indexes.decode(self._index.read_bytes(), str(self._index)) if self.root.is_file() else None
        except (OSError, BadSource):
            return None

    def keep(self, index: Index) -> None:
        """Put the index beside its root; the journal has done its work."""
        write_whole(self._index, indexes.encode(index))
        self._journal.unlink(missing_ok=True)

    def journal(self, stamp: str, ground: str | None) -> dict[int, Made]:
        """The units that a build of this stamp and ground had made when it was broken off."""
        try:
            lines = self._journal.read_text(encoding="utf-8").splitlines()
            if json.loads(lines[0]) != {"stamp": stamp, "ground": ground}:
                return {}
        except (OSError, ValueError, IndexError):
            return {}
        found: dict[int, Made] = {}
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                found[int(entry["key"])] = indexes.made(entry["made"])
            except (ValueError, KeyError, TypeError):
                break  # the line that it was killed at
        return found

    def begin_journal(self, stamp: str, ground: str | None, known: Mapping[int, Made]) -> None:
        """A new journal, with what is known already."""
        lines = [json.dumps({"stamp": stamp, "ground": ground}), *(_line(key, made) for key, made in known.items())]
        write_whole(self._journal, "".join(f"{line}\n" for line in lines).encode())

    def note(self, made: Mapping[int, Made]) -> None:
        """Units that are made now: their files are on the disk."""
        with self._journal.open("a", encoding="utf-8") as file:
            file.writelines(f"{_line(key, one)}\n" for key, one in made.items())
            file.flush()
            os.fsync(file.fileno())


def _line(key: int, made: Made) -> str:
    return json.dumps({"key": key, "made": asdict(made)}, separators=(",", ":"))
