"""In which encoding a shapefile's texts are: as its owner, its .cpg or its .dbf says, else the one that all of it fits."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cim.errors import BadSource
from cim.plugins import Source
from cim.types import Issue
from loaders.formats import dbf

_PROBED_ROWS = 20_000

# Byte 29 of a .dbf, the language driver id, as dBASE and ArcGIS write it. 0x57 ("the machine's ANSI") says nothing: on
# a Chinese machine that is GBK, on a western one Windows-1252.
_DRIVERS = {
    **{0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x4D: "gb18030", 0x4E: "cp949", 0x4F: "cp950"},
    **{0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x78: "cp950", 0x79: "cp949", 0x7A: "gb18030"},
    **{0x7B: "cp932", 0x7C: "cp874", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253"},
}
_TRIED = ("utf-8", "gb18030")  # in this order: what is UTF-8 by chance in some other encoding is rare


@dataclass(frozen=True, slots=True)
class Choice:
    """An encoding, by whom it is known, and the note for the report where nobody said it."""

    name: str
    said_by: str
    issue: Issue | None = None


def choose(source: Source, table: dbf.Table, cpg: Path | None) -> Choice:
    """The encoding of a table's texts. Raises BadSource for one that nobody knows, and where nothing fits."""
    if source.encoding is not None:
        return Choice(_known(source.encoding, source, "the city file"), "the city file")
    text = cpg.read_bytes()[:200].decode("latin-1").strip("\0 \r\n\t\xef\xbb\xbf") if cpg is not None else ""
    if text:
        return Choice(_known(text, source, "its .cpg"), "its .cpg")
    if table.language in _DRIVERS:
        return Choice(_DRIVERS[table.language], f"its .dbf (language driver {table.language:#04x})")
    return _detected(source, table)


def _known(stated: str, source: Source, by: str) -> str:
    """Python's name for an encoding as people and programs write it: `936`, `ANSI 1252`, `ISO 88591`, `GB2312`, `UTF8`."""
    text = stated.strip().lower()
    digits = re.sub(r"^(?:ansi|oem|cp|windows|ms|win)?[ _-]*", "", text)
    if digits.isdigit():
        special = {"65001": "utf-8", "54936": "gb18030", "936": "gb18030"}
        text = special.get(digits, f"cp{digits}")
    iso = re.fullmatch(r"iso[ _-]*8859[ _-]*(\d{1,2})", text)
    text = f"iso8859-{iso[1]}" if iso else text
    try:
        found = codecs.lookup(text)
        b"".decode(found.name, "surrogateescape")
    except (LookupError, ValueError):
        raise BadSource(
            f"{source.location}: encoding {stated[:40]!r}, which {by} says, is not known; expected one such as utf-8 or gbk"
        ) from None
    return "gb18030" if found.name in ("gbk", "gb2312", "cp936") else str(found.name)


def _detected(source: Source, table: dbf.Table) -> Choice:
    """The first of the usual encodings that every text of the file is in."""
    left = dict.fromkeys(_TRIED)
    texts = 0
    for text, width in _beyond_ascii(table):
        texts += 1
        for name in [n for n in left if dbf.whole_characters(text, width, n) is None]:
            del left[name]
        if not left:
            raise BadSource(f"{source.location}: its texts are in an encoding that nobody states; {unfitting(table)}")
    if not texts:
        return Choice("utf-8", "all of its texts are plain ASCII")
    chosen = next(iter(left))
    message = (
        f"neither the city file, a .cpg nor the .dbf says the encoding: taken for {chosen}, which all {texts:,} texts "
        'beyond ASCII are in; state `encoding = "..."` in the city file if it is another'
    )
    return Choice(chosen, "detection", Issue("encoding_detected", message))


def unfitting(table: dbf.Table) -> str:
    """What the whole file does decode as, and what to do about it, in words."""
    left = dict.fromkeys(_TRIED)
    for text, width in _beyond_ascii(table):
        for name in [n for n in left if dbf.whole_characters(text, width, n) is None]:
            del left[name]
    tail = 'state `encoding = "..."` beside it in the city file, or say --encoding'
    if left:
        return f"the whole file does decode as {' and as '.join(left)}: {tail}"
    return f"it decodes neither as {' nor as '.join(_TRIED)} (iso8859-1 or cp1252, if western?): {tail}"


def _beyond_ascii(table: dbf.Table) -> Iterator[tuple[bytes, int]]:
    """Every text of the file that has other bytes than ASCII, and its field's width."""
    for one in table.fields:
        if not one.raw.isascii():
            yield one.raw, 0
    with table.path.open("rb") as file:
        for first in range(0, table.records, _PROBED_ROWS):
            content = dbf.read(file, table, first, _PROBED_ROWS)
            for one in table.fields:
                if one.kind == "C":
                    cells = content[:, one.start : one.start + one.width]
                    for cell in cells[(cells >= 0x80).any(axis=1)]:
                        yield np.asarray(cell).tobytes().rstrip(b" \0"), one.width
