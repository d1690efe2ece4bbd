"""The garbage collector kept from looking, again and again, at records that hold no cycles: a tenth of a load's time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seldom() -> Iterator[None]:
    """Collect only every million objects until the block ends; what is counted by references goes at once as ever."""
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
