"""Records as they stand in their files, read again: for those that only the look at the whole source sets aside."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cim.plugins import Batch, Source
from cim.types import Rejected
from loaders.delivery.files import File, recognise
from loaders.judging.verdicts import content


def rejected(
    source: Source, files: Sequence[File], first_rows: Sequence[int], reasons: Mapping[int, tuple[str, str]]
) -> list[Rejected]:
    """The records with these numbers within the delivery, whole, with their (code, reason).

    first_rows: the number that the first record of each file has within the delivery.
    """
    found: list[Rejected] = []
    ends = [*first_rows[1:], None]
    for file, first, end in zip(files, first_rows, ends, strict=False):
        wanted = {row - first + 1 for row in reasons if row >= first and (end is None or row < end)}
        if not wanted:
            continue
        for batch in recognise(file.path).read(replace(source, location=str(file.path)), min(wanted) - 1):
            if not isinstance(batch, Batch):
                break
            for here in sorted(wanted & set(batch.frame.index.tolist())):
                code, reason = reasons[here + first - 1]
                found.append(Rejected(here + first - 1, (code,), reason, content(batch.frame.loc[here])))
            if max(wanted) <= (batch.last_row or int(batch.frame.index[-1])):
                break
    return found
