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
    """The same batches with times down to the millisecond (before 1970: the second); told is every one that was between."""
    before = 0
    for batch in batches:
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        for field in batch.schema:
            if not pa.types.is_timestamp(field.type):
                continue
            column = batch.column(field.name)
            micros = np.asarray(column.cast(pa.int64()).fill_null(0))
            # Of times before 1970 GDAL writes fractions of a second that are no numbers: whole seconds it is.
            unit = np.where(micros < 0, 1_000_000, 1_000)
            between = np.flatnonzero(micros % unit)
            for place in between.tolist():
                lose(Loss(before + place + 1, field.name, "rounded", column[place].as_py()))
            if len(between):
                whole = pa.array(micros // unit * unit, mask=np.asarray(column.is_null()))
                columns[field.name] = whole.cast(field.type)
        before += batch.num_rows
        yield pa.record_batch(list(columns.values()), schema=batch.schema)
