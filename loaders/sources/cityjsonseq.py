"""CityJSONSeq: a header line, then a building a line; read line by line, so that its size does not matter."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import orjson

from cim.cityjson.reading import Contents, Header, header, read
from cim.errors import BadInput, BadSource
from cim.plugins import Batch, Source
from loaders.formats.city_document import parse
from loaders.formats.city_rows import Rows, extensions_told, others_told, sample
from loaders.formats.model_crs import model_crs
from loaders.formats.pictures import MOST_OF_CITY, Album

_LONGEST_BYTES = 64 << 20
"""a line longer than this counts as damaged, so that a file without line ends is not read whole into memory"""

_RAW_KEPT = 16_384


@dataclass(frozen=True, slots=True)
class CityJsonSeq:
    """The format (CityJSON 2.0, clause 7.2): every line is JSON of its own, with its own vertices."""

    name: str = "CityJSONSeq"

    def sniff(self, head: bytes, name: str) -> bool:
        """By its endings and the type that its first line says."""
        line = head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
        ending = name.lower().endswith((".city.jsonl", ".jsonl", ".cityjsonseq"))
        return ending and line.startswith(b"{") and (b'"CityJSON"' in line or name.lower().endswith(".city.jsonl"))

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 5,000 rows; a line that cannot be made out is one row that is set aside."""
        try:
            with Path(source.location).open("rb") as file:
                yield from _read(file, source, after)
        except OSError as error:
            raise BadSource(f"{source.location}: cannot be read: {error}") from error


CITYJSONSEQ = CityJsonSeq()


def _read(file: BinaryIO, source: Source, after: int) -> Iterator[Batch]:
    lines = _lines(file)
    head = _head(next(lines, b""), source)
    ahead: list[Contents | tuple[str, bytes]] = []
    for line in lines:
        ahead.append(_feature(line, head))
        if len(ahead) >= 200:
            break
    some = sample(record for one in ahead if isinstance(one, Contents) for record in one.records)
    crs, notes = model_crs(source, head.crs, some)
    size = Path(source.location).stat().st_size
    album = Album(Path(source.location).parent, MOST_OF_CITY)
    rows, others = Rows(after=after, album=album), Counter[str]()
    rows.issues += [*notes, *extensions_told(head.extensions)]
    for found in chain(ahead, (_feature(line, head) for line in lines)):
        if isinstance(found, Contents):
            others.update(found.others)
            for record in found.records:
                rows.add(record)
        else:
            rows.refuse("not_json", found[0], {"raw": found[1][:_RAW_KEPT].decode("utf-8", "backslashreplace")})
        if rows.full():
            yield rows.batch(crs, size, file.tell())
            rows = Rows(rows.row, after, album=album)
    rows.issues += others_told(others)
    if not rows.row:
        held = ", ".join(f"{n:,} {kind}" for kind, n in others.items()) or "no city object at all"
        raise BadSource(f"{source.location}: no buildings; it holds {held}")
    if rows.cells or rows.damaged or rows.issues:
        yield rows.batch(crs, size, size)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines that say something; of one that is too long what could be held, and its rest is passed over."""
    while line := file.readline(_LONGEST_BYTES):
        rest = line
        while len(rest) == _LONGEST_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(_LONGEST_BYTES)
        line = line.strip(b"\xef\xbb\xbf \t\r\n\x1e")
        if line:
            yield line


def _head(line: bytes, source: Source) -> Header:
    try:
        return header(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise BadSource(f"{source.location}: its first line is not JSON: {error}") from error
    except BadInput as error:
        raise BadSource(f"{source.location}: its first line is {error}") from error


def _feature(line: bytes, head: Header) -> Contents | tuple[str, bytes]:
    """What a line holds, or why it is none, with the line."""
    try:
        value, again = parse(line)
        if not isinstance(value, dict) or value.get("type") != "CityJSONFeature":
            return "a line that is no CityJSONFeature", line
        contents = read(value, head)
        return replace(contents, records=(*contents.records, *again))
    except (orjson.JSONDecodeError, BadInput) as error:
        return f"a line that cannot be read: {error}", line
