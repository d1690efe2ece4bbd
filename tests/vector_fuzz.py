"""Spoils valid vector files and reads them, in a process of its own: what a native library does to it is seen outside.

    python -m tests.vector_fuzz FORMAT[,FORMAT...] FOLDER EXAMPLES [SEED]

Each read must end in batches, or in BadSource or MissingCrs that names the file.
"""

import faulthandler
import sys
import warnings
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from cim.errors import BadSource, MissingCrs
from cim.plugins import Batch, Source
from loaders.delivery.files import recognise
from tests.vector_files import WRITERS, footprints

_ROOM_BYTES = 2_000_000  # a read may make no more of a file of some kilobytes

_changes = st.lists(
    st.tuples(
        st.sampled_from(["flip", "number", "cut", "insert", "remove"]),
        st.floats(0.0, 1.0, exclude_max=True),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)


def spoilt(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """The content with bytes overwritten, cut off, put in or taken out."""
    for kind, where, value in changes:
        at = int(where * len(content))
        if kind == "flip" and content:
            content = content[:at] + bytes([content[at] ^ (value[0] or 1)]) + content[at + 1 :]
        elif kind == "number":
            content = content[:at] + value + content[at + len(value) :]
        elif kind == "cut":
            content = content[:at]
        elif kind == "insert":
            content = content[:at] + value + content[at:]
        else:
            content = content[:at] + content[at + len(value) :]
    return content


def read(path: Path, after: int = 0) -> list[Batch]:
    """The batches of a file, or none where it is refused by name."""
    try:
        form = recognise(path)
        return [b for b in form.read(Source(str(path), "buildings"), after) if isinstance(b, Batch)]
    except (BadSource, MissingCrs) as error:
        assert path.name in str(error), error
        return []


def check(path: Path) -> None:
    """Whatever is read is numbered in order, without a number twice, and little."""
    last = 0
    for batch in read(path):
        rows = [*batch.frame.index.tolist(), *(one.row for one in batch.damaged)]
        assert len(set(rows)) == len(rows), "a number twice"
        assert all(last < row <= batch.last_row for row in rows), "a number out of order"
        assert batch.frame.memory_usage(deep=False).sum() < _ROOM_BYTES, "too much of it"
        last = batch.last_row


def main(form: str, folder: Path, examples: int, number: int) -> None:
    """Spoil every file that makes up a source of this format, one after the other."""
    folder = folder / form
    folder.mkdir(exist_ok=True)
    path = WRITERS[form](folder, footprints(7))
    parts = sorted(p for p in folder.iterdir() if p.stem == path.stem)
    originals = {part: part.read_bytes() for part in parts}

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(parts), _changes)
    def one(part: Path, changes: list[tuple[str, float, bytes]]) -> None:
        for other, content in originals.items():
            other.write_bytes(content if other != part else spoilt(content, changes))
        check(path)

    check(path)
    one()


if __name__ == "__main__":
    faulthandler.enable()
    warnings.simplefilter("ignore")
    for wanted in sys.argv[1].split(","):
        main(wanted, Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
