"""What tiles rest on besides their rows: the record of the ground, and that of the table of parts; and how two differ."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilesets.publish import Sink


@dataclass(frozen=True, slots=True)
class Footing:
    """ground: the record of the terrain that is served, None where it has no manifest. parts: of the table of parts."""

    ground: str | None = None
    parts: str | None = None

    def names(self) -> set[str]:
        """The records there are."""
        return {record for record in (self.ground, self.parts) if record is not None}


def keep_parts(rows: Sequence[Mapping[str, Any]], sink: Sink) -> str:
    """The record of a table of parts: the same rows, the same name."""
    return sink.put("parts", json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def changed_assemblies(before: str | None, after: str | None, sink: Sink) -> list[str]:
    """The assemblies of which two records tell differently. Raises LostRecord where one is not there any more."""
    if before == after:
        return []
    one, other = _by_assembly(before, sink), _by_assembly(after, sink)
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _by_assembly(record: str | None, sink: Sink) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in [] if record is None else json.loads(sink.get(record)):
        found.setdefault(str(row.get("assembly")), []).append(row)
    return found
