"""What a person at a terminal sees: one line of progress with real counts, stages with their times, plain errors."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_WIDTH = 110
_EVERY_S = 0.2


class Terminal:
    """Writes progress to a stream; on a terminal one line is rewritten, elsewhere (a log, CI) each stage ends in a line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty()
        self._last = 0.0
        self._began = time.monotonic()
        self._shown = ""
        self._note = ""

    def progress(self, done: int, total: int | None, note: str) -> None:
        """A `cim.types.Progress`: counts, and how far it is where the total is known."""
        counts = f"{done:,}" if total is None else f"{done:,}/{total:,}"
        self._note = f"{counts} {note}"
        now = time.monotonic()
        if self._live and now - self._last >= _EVERY_S:
            self._last = now
            self._show(f"  {self._note}{_left(now - self._began, done, total)}")

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """A step of the work: its title while it runs, then one line with its last counts and its seconds."""
        began = self._began = time.monotonic()
        self._note = ""
        if self._live:
            self._show(f"  {title} ...")
        try:
            yield
        finally:
            seconds = time.monotonic() - began
            self.line(f"{seconds:7.1f} s  {title}" + (f"  ({self._note})" if self._note else ""))
            self._note = ""

    def line(self, text: str) -> None:
        """A line that stays."""
        self._show("")
        self._stream.write(text + "\n")
        self._stream.flush()

    def _show(self, text: str) -> None:
        if self._live and (text or self._shown):
            self._stream.write("\r\x1b[2K" + text[:_WIDTH])
            self._stream.flush()
        self._shown = text


def _left(taken_s: float, done: int, total: int | None) -> str:
    """How long it will take at the pace so far, once that says anything.

    >>> _left(10.0, 25, 100), _left(10.0, 25, None), _left(0.5, 25, 100), _left(600.0, 1, 2)
    (', 30 s left', '', '', ', 10 min left')
    """
    if total is None or not 0 < done < total or taken_s < 1.0:
        return ""
    seconds = taken_s * (total - done) / done
    return f", {seconds:.0f} s left" if seconds < 120.0 else f", {seconds / 60.0:.0f} min left"
