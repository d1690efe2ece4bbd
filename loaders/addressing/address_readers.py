"""Readers of addresses: this process for a few, worker processes for many."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType

from cim.address.gazetteer import Gazetteer
from cim.address.parse import Parsed, parse

MANY = 5_000
"""From so many texts on worker processes are started: it takes them half a second to be there."""
_PIECE = 1_000
_MOST = 4


@dataclass(slots=True)
class Readers:
    """Reads texts against one gazetteer. To be closed where many were read: use it in a `with`."""

    gazetteer: Gazetteer
    workers: int = min(os.cpu_count() or 1, _MOST)
    _pool: ProcessPoolExecutor | None = field(default=None, init=False)

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def read(self, texts: Sequence[str]) -> list[Parsed]:
        """Each text parsed, in order; the same whoever reads it."""
        if self.workers < 2 or (self._pool is None and len(texts) < MANY):
            return [parse(text, self.gazetteer) for text in texts]
        if self._pool is None:  # spawned: the caller may hold threads and sockets
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, context, _begin, (self.gazetteer,))
        pieces = [texts[at : at + _PIECE] for at in range(0, len(texts), _PIECE)]
        return [one for piece in self._pool.map(_read, pieces) for one in piece]


_held: list[Gazetteer] = []  # a worker's own, set once when it starts


def _begin(gazetteer: Gazetteer) -> None:
    _held[:] = [gazetteer]


def _read(texts: Sequence[str]) -> list[Parsed]:
    return [parse(text, _held[0]) for text in texts]
