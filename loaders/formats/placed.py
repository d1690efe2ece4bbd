"""Where records lie in a file of bytes, and their bytes, some megabytes at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from cim.types import BoolArray, IntArray

Octets = npt.NDArray[np.uint8]

PIECE_ROWS = 20_000
PIECE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Entries:
    """Where some records lie: (n,) position of the content in the file and its length in bytes; -1 where it is not there."""

    at: IntArray
    size: IntArray

    @classmethod
    def of(cls, pairs: list[tuple[int, int]]) -> "Entries":
        """Entries of (position, length)."""
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return cls(both[:, 0], both[:, 1])


@dataclass(frozen=True, slots=True)
class Held:
    """The bytes of some records: where each begins in `content` and how many it has there; `there`: (n,) which lie in it."""

    content: Octets
    at: IntArray
    size: IntArray
    there: BoolArray


def pieces(entries: Iterator[Entries], most: int = PIECE_ROWS) -> Iterator[Entries]:
    """The same in pieces of at most `most` records that lie forward and within some megabytes: to be read at once."""
    for some in entries:
        begins = [0]
        at, ends = some.at.tolist(), (some.at + some.size).tolist()
        for place in range(1, len(at)):
            is_near = at[place] >= at[place - 1] and ends[place] - at[begins[-1]] <= PIECE_BYTES
            if not is_near or place - begins[-1] == most:
                begins.append(place)
        for begin, end in pairwise([*begins, len(at)]):
            yield Entries(some.at[begin:end], some.size[begin:end])


def held(file: BinaryIO, piece: Entries, least: int, size: int) -> Held:
    """The bytes of a piece, as far as they lie between `least` and the file's end, `size`."""
    there = (piece.at >= least) & (piece.at < size)
    lengths = np.where(there, np.clip(np.minimum(piece.size, size - piece.at), 0, None), 0)
    lowest = int(piece.at[there].min()) if there.any() else 0
    highest = int((piece.at + lengths)[there].max()) if there.any() else 0
    file.seek(lowest)
    content = np.frombuffer(file.read(highest - lowest), dtype=np.uint8)
    lengths = np.minimum(lengths, np.clip(lowest + len(content) - piece.at, 0, None))
    return Held(content, np.where(there, piece.at - lowest, 0), lengths, there)


def marked(some: Iterator[Entries]) -> Iterator[tuple[Entries, bool]]:
    """Each piece, and whether it is the last."""
    waiting = next(some, None)
    for piece in some:
        if waiting is not None:
            yield waiting, False
        waiting = piece
    if waiting is not None:
        yield waiting, True
