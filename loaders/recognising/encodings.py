"""Encodings of text files: which one a file is in, by its own bytes, and how far that can be relied on."""

from pathlib import Path

from cim.errors import BadSource

# A wrong encoding shows in the first rows that are not plain ASCII, and then in nearly all of them; single bytes that
# were spoilt on the way are rarer than one row in twenty. More than that is a wrong encoding, and nothing is let in.
MAX_UNDECODED_SHARE = 0.05

_PROBED_BYTES = 4 << 20
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_USUAL = ("utf-8", "gb18030", "utf-16")


def encoding_of(path: Path) -> tuple[str | None, str]:
    """The encoding of a text file, and how it shows; None where it decodes as none of the usual ones.

    By its byte order mark, else by its lines: UTF-8 has a form that other encodings do not meet by chance, whatever
    UTF-8 cannot read is tried as GB 18030 (GBK is part of it). A few spoilt lines do not count. Raises BadSource for a
    file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_PROBED_BYTES)
    except OSError as error:
        raise BadSource(f"{path}: cannot be read: {error.strerror}") from error
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name, "by its byte order mark"
    whole = head.splitlines()
    lines = [line for line in (whole[:-1] if len(head) == _PROBED_BYTES else whole) if not line.isascii()]
    if not lines:
        return "utf-8", f"its first {len(head):,} bytes are plain ASCII"
    for name in ("utf-8", "gb18030"):
        bad = sum(not _decodes(line, name) for line in lines)
        if bad <= MAX_UNDECODED_SHARE * len(lines):
            return name, f"{len(lines) - bad:,} of {len(lines):,} lines with other letters than ASCII read as such"
    return None, "not known: its lines read neither as utf-8 nor as gb18030"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def whole(path: Path) -> str:
    """Which encoding the whole file does decode as, in words that follow its name in a message."""
    for name in _USUAL:
        try:
            with path.open(encoding=name, newline="") as file:
                while file.read(1 << 20):
                    pass
        except UnicodeError:
            continue
        return f"the whole file does decode as {name}: state `encoding` beside it in the city file, or say --encoding"
    return f"it decodes as none of {', '.join(_USUAL)}"
