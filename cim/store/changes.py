"""Change keys: what every commit touched, in the order of commits, for whoever keeps something that is made of the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Change:
    """What one statement touched in one square of 16 x 16 grid cells.

    id: rises in the order of commits. layer: `*` where it may be any. features: object ids. cells: grid keys of the
    64 m cells, before and after; None: everything may have changed (the table was emptied).
    """

    id: int
    at: datetime
    layer: str
    operation: str
    features: tuple[int, ...]
    cells: tuple[int, ...] | None


def since(
    connection: Connection, after: int, *, layers: Sequence[str] | None = None, limit: int = 1_000
) -> list[Change]:
    """The changes behind `after` (0: from the first), oldest first; go on with the last one's id."""
    rows = connection.execute(
        text("""
            SELECT id, at, layer, operation, features, cells FROM cim.change
            WHERE id > :after AND (CAST(:layers AS text[]) IS NULL OR layer = ANY(CAST(:layers AS text[])) OR layer = '*')
            ORDER BY id LIMIT :limit"""),
        {"after": after, "layers": None if layers is None else list(layers), "limit": limit},
    )
    return [
        Change(r.id, r.at, r.layer, r.operation, tuple(r.features), None if r.cells is None else tuple(r.cells))
        for r in rows
    ]


def newest(connection: Connection) -> int:
    """The id of the last change; 0 for a model that nothing has ever touched."""
    return int(connection.execute(text("SELECT coalesce(max(id), 0) FROM cim.change")).scalar_one())
