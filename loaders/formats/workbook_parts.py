"""The parts of an XLSX workbook (ECMA-376): its sheets, its shared texts, its date formats, each read under a limit."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from cim.errors import BadSource

_BLOCK = 1 << 18
_SMALL_BYTES = 100 << 20
_MOST_RATIO = 200.0  # as for archives: texts and numbers pack to a tenth, a bomb to a thousandth
_MOST_BYTES = 8 << 30
_MOST_TEXT_BYTES = 512 << 20
_MOST_INDEX_BYTES = 64 << 20
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FORMAT_NOISE = re.compile(r'"[^"]*"|\\.|\[(?!h|m|s)[^\]]*\]|_.|\*.', re.IGNORECASE)

# ECMA-376 18.8.30: formats that need no definition; 27-36 and 50-58 are dates in Chinese, Japanese and Korean Excel.
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}

Handlers = tuple[
    Callable[[str, Mapping[str, str]], None] | None, Callable[[str], None] | None, Callable[[str], None] | None
]
"""What to do at the begin of an element, at its end, and with text; names come without their namespace's prefix."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of cells: its name, the part it lies in, and whether people see it."""

    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """An open workbook. dates: for each cell style, whether it shows dates. since_1904: which day its dates count from."""

    path: Path
    archive: zipfile.ZipFile
    sheets: tuple[Sheet, ...]
    texts: tuple[str, ...]
    dates: tuple[bool, ...]
    since_1904: bool


def open_workbook(path: Path) -> Workbook:
    """Open a workbook and read what all its sheets share; the caller closes its archive.

    Raises BadSource for a file that is none, is damaged, or would unpack to more than any workbook does.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError, UnicodeError, NotImplementedError) as error:
        raise BadSource(f"{path}: not readable as XLSX: {error}") from error
    try:
        _refuse_bombs(path, archive)
        main, links = _main(path, archive)
        sheets, since_1904 = _sheets(path, archive, main, links)
        named = {kind: part for kind, part in links.values() if kind in ("sharedStrings", "styles")}
        texts = _texts(path, archive, named.get("sharedStrings"))
        return Workbook(path, archive, sheets, texts, _dates(path, archive, named.get("styles")), since_1904)
    except BaseException:
        archive.close()
        raise


def _refuse_bombs(path: Path, archive: zipfile.ZipFile) -> None:
    size = sum(info.file_size for info in archive.infolist())
    packed = max(1, path.stat().st_size)
    if size > _MOST_BYTES or (size > _SMALL_BYTES and size > _MOST_RATIO * packed):
        raise BadSource(f"{path}: {packed:,} bytes that unpack to {size:,}: no workbook does, nothing of it is read")


def blocks(path: Path, archive: zipfile.ZipFile, part: str, most: int = _MOST_BYTES) -> Iterator[bytes]:
    """The bytes of a part. Raises BadSource where it is absent, damaged, or longer than `most`."""
    done = 0
    try:
        with archive.open(part) as file:
            while block := file.read(_BLOCK):
                done += len(block)
                if done > most:
                    raise BadSource(f"{path}: its part {part} is larger than {most:,} bytes")
                yield block
    except KeyError as error:
        raise BadSource(f"{path}: not readable as XLSX: it has no part {part}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise BadSource(f"{path}: its part {part} is damaged: {error}") from error


def parser(handlers: Handlers) -> "expat.XMLParserType":
    """A parser that calls the handlers, and takes no document type: entities have no place in a workbook."""
    begin, end, text = handlers
    made = expat.ParserCreate(namespace_separator="\n")
    made.buffer_text = True

    def refuse(*arguments: object) -> None:
        raise ValueError("a document type, which no workbook has")

    made.StartDoctypeDeclHandler = refuse
    if begin is not None:
        made.StartElementHandler = lambda name, attributes: begin(name.rpartition("\n")[2], attributes)
    if end is not None:
        made.EndElementHandler = lambda name: end(name.rpartition("\n")[2])
    if text is not None:
        made.CharacterDataHandler = text
    return made


def _parse(path: Path, archive: zipfile.ZipFile, part: str, most: int, handlers: Handlers) -> None:
    made = parser(handlers)
    try:
        for block in blocks(path, archive, part, most):
            made.Parse(block, False)
        made.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise BadSource(f"{path}: its part {part} is no XML: {error}") from error


def _main(path: Path, archive: zipfile.ZipFile) -> tuple[str, dict[str, tuple[str, str]]]:
    """The part of the workbook itself and its relations: id -> (kind, part)."""
    main = next((part for kind, part in _links(path, archive, "").values() if kind == "officeDocument"), None)
    if main is None:
        raise BadSource(f"{path}: not readable as XLSX: it names no workbook")
    return main, _links(path, archive, main)


def _links(path: Path, archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}

    def begin(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, target.lstrip("/"))

    _parse(path, archive, posixpath.join(folder, "_rels", f"{name}.rels"), _MOST_INDEX_BYTES, (begin, None, None))
    return found


def _sheets(
    path: Path, archive: zipfile.ZipFile, main: str, links: Mapping[str, tuple[str, str]]
) -> tuple[tuple[Sheet, ...], bool]:
    found: list[Sheet] = []
    since_1904 = [False]

    def begin(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "workbookPr":
            since_1904[0] = attributes.get("date1904") in ("1", "true")
        if tag == "sheet":
            key = next((value for name, value in attributes.items() if name.rpartition("\n")[2] == "id"), "")
            kind, part = links.get(key, ("", ""))
            if kind == "worksheet":
                found.append(Sheet(attributes.get("name", ""), part, attributes.get("state", "visible") != "visible"))

    _parse(path, archive, main, _MOST_INDEX_BYTES, (begin, None, None))
    return tuple(found), since_1904[0]


def _texts(path: Path, archive: zipfile.ZipFile, part: str | None) -> tuple[str, ...]:
    """The shared texts; what stands beside them to say how they are spoken is left out."""
    found: list[str] = []
    pieces: list[str] = []
    state = {"text": 0, "spoken": 0}

    def begin(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "t":
            state["text"] += 1
        elif tag == "rPh":
            state["spoken"] += 1

    def end(tag: str) -> None:
        if tag == "t":
            state["text"] -= 1
        elif tag == "rPh":
            state["spoken"] -= 1
        elif tag == "si":
            found.append(unescaped("".join(pieces)))
            pieces.clear()

    def text(content: str) -> None:
        if state["text"] and not state["spoken"]:
            pieces.append(content)

    if part is not None:
        _parse(path, archive, part, _MOST_TEXT_BYTES, (begin, end, text))
    return tuple(found)


def unescaped(text: str) -> str:
    """A text with its `_xHHHH_` read (ECMA-376 22.9.2.19), but for what no text may hold.

    >>> unescaped("a_x000A_b_x0000_")
    'a\\nb_x0000_'
    """
    if "_x" not in text:
        return text

    def letter(match: re.Match[str]) -> str:
        code = int(match.group(1), 16)
        return match.group(0) if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPE.sub(letter, text)


def _dates(path: Path, archive: zipfile.ZipFile, part: str | None) -> tuple[bool, ...]:
    own: dict[str, bool] = {}
    styles: list[bool] = []
    within = [False]

    def begin(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "numFmt":
            own[attributes.get("numFmtId", "")] = shows_dates(attributes.get("formatCode", ""))
        elif tag == "cellXfs":
            within[0] = True
        elif tag == "xf" and within[0]:
            number = attributes.get("numFmtId", "0")
            styles.append(own.get(number, number.isdigit() and int(number) in _DATE_FORMATS))

    def end(tag: str) -> None:
        if tag == "cellXfs":
            within[0] = False

    if part is not None:
        _parse(path, archive, part, _MOST_INDEX_BYTES, (begin, end, None))
    return tuple(styles)


def shows_dates(code: str) -> bool:
    """Whether a number format shows a date or a time.

    >>> [shows_dates(c) for c in ("yyyy-mm-dd", 'yyyy"年"m"月"', "[h]:mm", "0.00", '0.0"m"', "[Red]0", "General")]
    [True, True, True, False, False, False, False]
    """
    plain = _FORMAT_NOISE.sub("", code.split(";")[0]).lower()
    return "general" not in plain and any(letter in plain for letter in "ymdhs")
