"""The inventory: how much the model holds, counted once for every change of it and not for everybody who asks."""

import threading
from dataclasses import dataclass
from datetime import datetime

from cim.store import changes, features
from cim.store.db import Connection


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was counted, and of which state: the last change, when it was noted, and up to when days have turned."""

    change: int
    noted: datetime | None
    until: datetime
    counts: dict[str, int]
    synthetic: bool


class Inventory:
    """Counts of one server; threads may share it. It needs nobody to tell it of changes: it asks for the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: _Counted | None = None

    def of(self, connection: Connection) -> tuple[dict[str, int], bool]:
        """As `features.counts` and `features.has_synthetic` tell it of this moment."""
        with self._lock:
            held = self._held
            change = changes.newest(connection)  # before anything is counted: what comes later is counted again
            noted = changes.noted_at(connection, change)
            until, turned = changes.has_turned(connection, None if held is None else held.until)
            if held is None or turned or (held.change, held.noted) != (change, noted):
                held = _Counted(
                    change, noted, until, features.layer_counts(connection), features.has_synthetic_layers(connection)
                )
                self._held = held
        counts = held.counts | features.device_counts(connection)
        return counts, held.synthetic or features.has_synthetic_devices(connection)
