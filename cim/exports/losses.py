"""What a format could not hold: counted, kept record by record in a file beside it, and told."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cim.exports.sheet import Loss


class Ledger:
    """The losses of one table, written as they come: one JSON object a line, with the whole value."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None
        self.counts: Counter[str] = Counter()

    def __call__(self, loss: Loss) -> None:
        """Note one."""
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8", newline="\n")
        self.counts[loss.code] += 1
        value = loss.value.isoformat() if isinstance(loss.value, date | datetime) else loss.value
        told = {"row": loss.row, "column": loss.column, "code": loss.code, "value": value}
        self._file.write(json.dumps(told, ensure_ascii=False) + "\n")

    def close(self) -> Path | None:
        """The file, if anything was lost."""
        if self._file is None:
            return None
        self._file.close()
        return self._path


def milliseconds(batches: Iterable[pa.RecordBatch], lose: Callable[[Loss], None]) -> Iterator[pa.RecordBatch]:
    """The same batches; told is every time that is lost by holding milliseconds only."""
    before = 0
    for batch in batches:
        for field in batch.schema:
            if pa.types.is_timestamp(field.type):
                column = batch.column(field.name)
                parts = np.asarray(column.cast(pa.int64()).fill_null(0)) % 1_000
                for place in np.flatnonzero(parts).tolist():
                    lose(Loss(before + place + 1, field.name, "rounded", column[place].as_py()))
        before += batch.num_rows
        yield batch
