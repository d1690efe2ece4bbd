"""Lists of addresses: a CSV file goes through the geocoder, and comes out with positions, scores and reasons beside it."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, fields
from itertools import islice
from pathlib import Path

from cim.errors import BadInput, BadSource
from cim.finding.outcome import Outcome, settle
from cim.store.db import Database
from cim.store.places import Geocoder
from cim.types import Progress
from loaders.recognising.encodings import encoding_of

USUAL_COLUMNS = ("地址", "标准地址", "详细地址", "address")
"""Where the address stands, if nobody says so: the first of these that the file has."""

_ADDED = tuple(field.name for field in fields(Outcome))
_AT_ONCE = 1_000
_BAD_ROWS_TOLD = 20


def geocode_file(
    database: Database,
    path: Path,
    out: Path,
    progress: Progress,
    *,
    column: str | None = None,
    encoding: str | None = None,
    first: bool = False,
) -> tuple[Counter[str], list[str]]:
    """Write `path` once more to `out`, each row with what its address came to; its other cells stay as they are.

    Added: state, lon, lat, score, matched, why, candidates, id (with `geocoded_` before a name that the file has already).
    The encoding is kept; if it is not stated, the file's own bytes show it (`loaders.recognising.encodings`). Returns the
    counts by state, and what is wrong with rows that could not be read. Raises BadSource for a file that is no such table
    or cannot be written, BadInput for a column that it does not have.
    """
    used = _encoding(path, encoding)
    counts, wrong = Counter[str](), list[str]()
    draft = out.with_name(f".{out.name}.part")
    try:
        with (
            path.open(encoding=used, errors="surrogateescape", newline="") as source,
            draft.open("w", encoding=used, errors="surrogateescape", newline="") as target,
            database.begin() as connection,
        ):
            rows, written = csv.reader(source), csv.writer(target)
            header = next(rows, [])
            place = _column(path, header, column)
            written.writerow([*header, *(f"geocoded_{name}" if name in header else name for name in _ADDED)])
            geocoder = Geocoder(connection)
            for batch in _batches(rows):
                for row, outcome in zip(batch, _settled(geocoder, batch, header, place, first), strict=True):
                    counts[outcome.state] += 1
                    written.writerow([*row, *[""] * (len(header) - len(row)), *_cells(outcome)])
                    if outcome.state == "bad" and len(wrong) < _BAD_ROWS_TOLD:
                        wrong.append(f"{path.name} row {counts.total()}: {outcome.why[0]}")
                progress(counts.total(), None, told(counts))
        draft.replace(out)
    except OSError as error:
        raise BadSource(f"{error.filename or path}: {error.strerror}") from error
    except (LookupError, UnicodeError, csv.Error) as error:
        raise BadSource(f"{path}: cannot be read as CSV in {used}: {error}") from error
    finally:
        with suppress(OSError):
            draft.unlink()
    return counts, wrong


def told(counts: Counter[str]) -> str:
    """The counts in words.

    >>> told(Counter(found=3, none=1))
    'found 3, none 1'
    """
    return ", ".join(f"{state} {counts[state]:,}" for state in sorted(counts))


def _encoding(path: Path, stated: str | None) -> str:
    """What is stated (UTF-8 with its byte order mark where the file has one), else what the file's own bytes show."""
    shown, how = encoding_of(path)
    if stated is None and shown is None:
        raise BadSource(f"{path}: the encoding is {how}: state it with --encoding")
    if stated is None or (shown == "utf-8-sig" and stated.lower() in ("utf-8", "utf8")):
        return str(shown)
    return stated


def _column(path: Path, header: Sequence[str], column: str | None) -> int:
    """Where the address stands. Raises BadInput with the columns that there are."""
    wanted = USUAL_COLUMNS if column is None else (column,)
    for name in wanted:
        if name in header:
            return header.index(name)
    raise BadInput(
        f"{path}: no column {' or '.join(wanted)}; it has {', '.join(header) or 'none'}: name one with --address-column"
    )


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while batch := list(islice(rows, _AT_ONCE)):
        yield [row for row in batch if row]  # blank lines are no rows


def _settled(
    geocoder: Geocoder, batch: Sequence[Sequence[str]], header: Sequence[str], place: int, first: bool
) -> list[Outcome]:
    """What each row came to; a row that is none is `bad`."""
    bad = [_fault(row, header, place) for row in batch]
    asked = ["" if fault else row[place] for row, fault in zip(batch, bad, strict=True)]
    answers = geocoder.answers(asked)
    return [
        settle(answer.results, answer.reason.code if answer.reason else None, first=first)
        if fault is None
        else Outcome("bad", None, None, None, None, (fault,), 0, None)
        for answer, fault in zip(answers, bad, strict=True)
    ]


def _fault(row: Sequence[str], header: Sequence[str], place: int) -> str | None:
    if len(row) != len(header):
        return f"{len(row)} cells, expected {len(header)}"
    if not row[place].strip():
        return "no address"
    if any("\ud800" <= sign <= "\udfff" for sign in row[place]):
        return "bytes of another encoding"
    return None


def _cells(outcome: Outcome) -> list[str]:
    told = dict(zip((field.name for field in fields(Outcome)), astuple(outcome), strict=True))
    told["why"] = " ".join(outcome.why)
    return ["" if told[name] is None else str(told[name]) for name in _ADDED]
