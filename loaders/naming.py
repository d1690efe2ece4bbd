"""Records that name a building of the model by its id: they are another body of it, and keep its identity and history."""

from typing import Any

from cim.store import identity, staged
from cim.store.db import Connection


def settle(connection: Connection, dataset_id: int, version_id: int) -> dict[int, tuple[str, str]]:
    """Give staged records that name a building its id, and take out those that cannot be it.

    Returns {source row: (code, reason)} of the latter: no such building stands, it stands elsewhere, or another record is
    that building at the same level of detail.
    """
    rejected = {int(row.source_row): (str(row.code), _reason(row)) for row in identity.unnamed(connection, dataset_id)}
    staged.remove(connection, list(rejected))
    identity.put_named(connection, dataset_id, version_id)
    return rejected


def _reason(row: Any) -> str:
    if row.code == "building_unknown":
        return f"building {row.building}: no building with this id stands now"
    if row.code == "duplicate_key":
        return f"building {row.building} is told of by row {row.other_row} as well, under a key of its own"
    return f"building {row.building} stands {row.apart_m:.1f} m away from where this body lies"
