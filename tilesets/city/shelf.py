"""The files beside a root: its index, the journal of a build under way, and the lock that lets one build at a time.

{tileset}/index.json    what the root was made of
{tileset}/journal       one line a unit that a build under way has made: a killed build goes on from there
{tileset}/announced     the root that was told on the bus last
{tileset}/lock
lock                    of all tilesets: held together by those who build, alone by who clears
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cim.errors import BadSource
from tilesets.city import index as indexes
from tilesets.city.footing import Footing
from tilesets.city.index import Index, Made
from tilesets.publish import write_whole


@dataclass(frozen=True, slots=True)
class Journal:
    """The units that a broken-off build had made, or found to stand; newest: as an index has it."""

    units: dict[int, Made] = field(default_factory=dict)
    newest: tuple[int, str | None] = (0, None)


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
    def locked(self) -> Iterator[None]:
        """Wait for other builds of this tileset, and keep them out; and whoever clears."""
        place = self.folder / self.tileset / "lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as all_of_them, place.open("a") as file:
            fcntl.flock(all_of_them, fcntl.LOCK_SH)
            fcntl.flock(file, fcntl.LOCK_EX)
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

    def announced(self) -> str:
        """The name of the root that was told last; empty where none was."""
        try:
            return (self.folder / self.tileset / "announced").read_text()
        except OSError:
            return ""

    def note_announced(self, root: str) -> None:
        """This root is told."""
        write_whole(self.folder / self.tileset / "announced", root.encode())

    def journal(self, stamp: str, footing: Footing) -> Journal:
        """What a build of this stamp and footing had made when it was broken off."""
        try:
            lines = self._journal.read_text(encoding="utf-8").splitlines()
            head = json.loads(lines[0])
            newest = (int(head["newest"][0]), head["newest"][1])
            if (head["stamp"], head["ground"], head["parts"]) != (stamp, footing.ground, footing.parts):
                return Journal()
        except (OSError, ValueError, IndexError, KeyError, TypeError):
            return Journal()
        found: dict[int, Made] = {}
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                found[int(entry["key"])] = indexes.made(entry["made"])
            except (ValueError, KeyError, TypeError):
                break  # the line that it was killed at
        return Journal(found, newest)

    def begin_journal(
        self, stamp: str, footing: Footing, newest: tuple[int, str | None], known: Mapping[int, Made]
    ) -> None:
        """A new journal, with what is known already. newest: the last change that the build sees, as an index has it."""
        head = json.dumps({"stamp": stamp, "ground": footing.ground, "parts": footing.parts, "newest": newest})
        lines = [head, *(_line(key, made) for key, made in known.items())]
        write_whole(self._journal, "".join(f"{line}\n" for line in lines).encode())

    def forget_journal(self) -> None:
        """Take nothing from a build that was broken off."""
        self._journal.unlink(missing_ok=True)

    def note(self, made: Mapping[int, Made]) -> None:
        """Units that are made now: their files are on the disk."""
        with self._journal.open("a", encoding="utf-8") as file:
            file.writelines(f"{_line(key, one)}\n" for key, one in made.items())
            file.flush()
            os.fsync(file.fileno())


def _line(key: int, made: Made) -> str:
    return json.dumps({"key": key, "made": asdict(made)}, separators=(",", ":"))
