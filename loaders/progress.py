"""The pace of a load: records, bytes and the time left, as one line of progress."""

from collections.abc import Callable

from cim.plugins import Batch
from cim.types import Progress
from loaders.delivery.files import File
from loaders.judging.tally import Tally


class Pace:
    """Tells how far a load is, from the bytes that are read or else the records."""

    def __init__(self, progress: Progress, clock: Callable[[], float], total_bytes: int) -> None:
        self.progress, self._clock, self._total = progress, clock, max(total_bytes, 1)
        self._began = clock()
        self._behind = 0
        self._file: File | None = None
        self._first_share: float | None = None

    def tell(self, tally: Tally, batch: Batch, file: File, dataset: str) -> None:
        """A batch of a file is staged."""
        if self._file is not None and file is not self._file:
            self._behind += self._file.size
        self._file = file
        last = batch.last_row or (int(batch.frame.index[-1]) if len(batch.frame) else 0)
        here = batch.done_bytes
        if here is None:
            here = file.size if not batch.records else int(file.size * last / batch.records)
        done = self._behind + min(here, file.size)
        share = done / self._total
        note = (
            f"{dataset}: {done / 1e6:.1f} of {self._total / 1e6:.1f} MB{self._left(share)}; {tally.rejected:,} rejected"
        )
        self.progress(tally.read, batch.records, note)

    def _left(self, share: float) -> str:
        """The time left at the pace so far; nothing before there is one to go by."""
        if self._first_share is None:
            self._first_share, self._began = share, self._clock()
            return ""
        gained = share - self._first_share
        if gained <= 0.0 or share >= 1.0:
            return ""
        return f", {(self._clock() - self._began) / gained * (1.0 - share):.0f} s left"
