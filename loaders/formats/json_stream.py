"""JSON values one after another out of bytes that may be damaged: what parses arrives, what does not is cut out whole."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from loaders.formats.json_value import RAW_KEPT_BYTES, Stretch, is_feature, parse

CHUNK_BYTES = 1 << 20
LONGEST_BYTES = 64 << 20
"""a value longer than this counts as damaged: an unclosed bracket must not make us read the file into memory"""

_AROUND_BYTES = 64 << 10  # head and tail of a collection, and objects nested in a record's properties, lie within this
_SPACE = b" \t\r\n"
_BETWEEN = re.compile(rb"(?:[\s,\x1e]|\xef\xbb\xbf)*")  # what separates values in lists, in lines and in RFC 8142
# Where reading may go on after damage: at the keys that features and collections begin with, or at this file's own mark.
_PLAUSIBLE = rb'\{\s*"(?:type|id|geometry|properties|bbox|features|crs|name)"\s*:'
# Behind what is no feature but an element of its own; behind a splinter of something broken stands something else.
_NEXT_ELEMENT = re.compile(rb"[\s,\x1e]*(?:\{|null\b|\Z|\]\s*(?:[,}]\s*|\Z))")
_FEATURES = re.compile(rb'"features"\s*:\s*\[')
_USUAL = re.compile(rb'\{\s*"type"\s*:\s*"Feature"')
_BEGINNING = re.compile(_USUAL.pattern + rb'|\{\s*"[^"\\]{1,64}"\s*:')
# Finds where a value ends, in C; numbers stay text, so that no digit count can make it stumble.
_EXTENT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class _Unfinished(Exception):
    """The value goes on behind what is held."""


class _NoValue(Exception):
    """What stands here is no JSON value."""


@dataclass(slots=True)
class JsonStream:
    """The features of a collection, or values one after another, read piece by piece.

    After something that does not parse it goes on with the next feature (known by the keys that features begin with, or
    by how this file's own begin); the bytes between are one Stretch with a fault.
    head, tail: the collection's members before and behind `features`. truncated: the file ended within the collection.
    done_bytes: how far it has got. Memory: one chunk and the longest value (at most 64 MiB).
    """

    file: BinaryIO
    head: dict[str, Any] | None = None
    tail: dict[str, Any] = field(default_factory=dict)
    truncated: bool = False
    _text: bytes = b""
    _mirror: str | None = None  # the same, one character a byte
    _at: int = 0
    _before: int = 0
    _ended: bool = False
    _plausible: re.Pattern[bytes] = re.compile(_PLAUSIBLE)
    _mark: bytes = b""  # how the features of this file begin, byte for byte

    @property
    def done_bytes(self) -> int:
        """Bytes of the file that are dealt with."""
        return self._before + self._at

    def __iter__(self) -> Iterator[Stretch]:
        while self._skip():
            yield from self._alike()
            if self._skip():
                found = self._next()
                if found is not None:
                    yield found

    def _more(self, keep: int) -> None:
        """Forget what is before `keep` and read on, as much again as is held, so that retries cost no square."""
        held = self._text[keep:]
        new = self.file.read(max(CHUNK_BYTES, len(held)))
        self._ended = not new
        self._text, self._mirror = held + new, None
        self._before += keep
        self._at = max(0, self._at - keep)

    def _skip(self) -> bool:
        """Go on to the next byte that is no separator; False at the end of the file."""
        while True:
            match = _BETWEEN.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) - 3 or (self._ended and self._at < len(self._text)):
                return True
            if self._ended:
                return False
            self._more(self._at)

    def _alike(self) -> Iterator[Stretch]:
        """The quick way, for files that one program wrote: cut where the next feature begins; ends at the first doubt."""
        text, mark = self._text, self._mark
        while mark and text.startswith(mark, self._at):
            start, end = self._at, text.find(mark, self._at + len(mark))
            if end < 0 or text[end - 8 : end].rstrip(_SPACE).endswith(b":"):
                return
            raw = text[start:end].rstrip(b" \t\r\n,\x1e")
            try:
                value = orjson.loads(raw)
            except ValueError:
                return
            if b"\\u0000" in raw:
                return
            self._at = end
            yield Stretch(value, raw, len(raw))

    def _next(self) -> Stretch | None:
        """What stands here, by scanning: a value, damage, or nothing but the beginning or end of a collection."""
        if not self._mark:
            self._guess()
        while True:
            try:
                if self._opens(self._at) or self._closes():
                    return None
                end = self._extent(self._at)
                found = parse(self._text[self._at : end])
            except _NoValue:
                return self._damage()
            except _Unfinished:
                self._more(self._at)
                continue
            if not is_feature(found.value) and found.fault is None and not _NEXT_ELEMENT.match(self._text, end):
                return self._damage()
            self._learn(self._at, found.value)
            self._at = end
            return found

    def _guess(self) -> None:
        """Even the first feature, if torn, must not swallow the others."""
        until = self._at + _AROUND_BYTES
        if self._text.find(b'"Feature"', self._at, until) >= 0:
            first = _USUAL.search(self._text, self._at, until)
            self._mark = first.group() if first else b""

    def _learn(self, start: int, value: Any) -> None:
        match = _BEGINNING.match(self._text, start)
        if match and is_feature(value) and match.group() != self._mark:
            self._mark = match.group()
            self._plausible = re.compile(_PLAUSIBLE + b"|" + re.escape(self._mark))

    def _limit(self, start: int) -> int | None:
        """Where the next feature begins, at the latest: no value is looked for beyond it. A member's value is none."""
        end = self._text.find(self._mark, start + 1) if self._mark else -1
        while end >= 0 and self._text[max(start, end - 32) : end].rstrip(_SPACE).endswith(b":"):
            end = self._text.find(self._mark, end + 1)
        return None if end < 0 else end

    def _extent(self, start: int) -> int:
        """Where the value that begins here ends. Raises _NoValue or _Unfinished."""
        limit = self._limit(start)
        if limit is not None:
            text = self._text[start:limit].decode("latin-1")
            try:
                return start + _end(text, 0, final=False)
            except _Unfinished:
                return self._holding(start, limit)
        if self._mirror is None:
            self._mirror = self._text.decode("latin-1")
        return _end(self._mirror, start, final=self._ended or len(self._text) - start > LONGEST_BYTES)

    def _holding(self, start: int, limit: int) -> int:
        """The end of a feature that carries other features in its properties; without them it is a torn one."""
        until = limit + _AROUND_BYTES
        if until > len(self._text) and not self._ended:
            raise _Unfinished
        end = start + _end(self._text[start:until].decode("latin-1"), 0, final=True)
        value = parse(self._text[start:end]).value
        own = {k: v for k, v in value.items() if k != "properties"} if isinstance(value, dict) else None
        if own is None or b'"Feature"' in orjson.dumps({**own, "type": None}):
            raise _NoValue
        return end

    def _opens(self, start: int) -> bool:
        """Whether a collection begins here; if so, go on to its first feature."""
        until = min(self._limit(start) or len(self._text), start + _AROUND_BYTES)
        if self._text[start : start + 1] != b"{" or self._text.find(b'"features"', start, until) < 0:
            return False  # the quick answer, nearly always
        match = _FEATURES.search(self._text, start, until)
        found = parse(self._text[start : match.end()] + b"]}").value if match else None
        if match is None or not isinstance(found, dict) or is_feature(found):
            return False
        self.head = found if self.head is None else self.head
        self._at, self.truncated = match.end(), True
        return True

    def _closes(self) -> bool:
        """Whether the list of features ends here, with the collection's last members."""
        if self._text[self._at : self._at + 1] != b"]":
            return False
        rest = self._text[self._at + 1 : self._at + 1 + _AROUND_BYTES]
        if self._ended and not rest.strip():
            self._at = len(self._text)
            return True
        text = '{"":0' + rest.decode("latin-1")
        try:
            end = _end(text, 0, final=self._ended or len(rest) == _AROUND_BYTES)
        except _NoValue:
            return False
        self.tail = parse(text[:end].encode("latin-1")).value or {}
        self._at, self.truncated = self._at + 1 + end - len('{"":0'), False
        return True

    def _damage(self) -> Stretch:
        """Everything from here to the next feature or collection, or to the end of the file."""
        kept, length, look = bytearray(), 0, self._at + 1
        while True:
            plausible = self._plausible.search(self._text, look)
            start = plausible.start() if plausible else -1
            try:
                if start >= 0 and not self._begins(start):
                    look = start + 1
                    continue
                upto, found = (start, True) if start >= 0 else (self._doubtful(), self._ended)
            except _Unfinished:
                upto, found = start, False
            kept += self._text[self._at : upto][: RAW_KEPT_BYTES - len(kept)]
            length += upto - self._at
            self._at = upto
            if found:
                return Stretch(None, bytes(kept).rstrip(b" \t\r\n,\x1e"), length, "not_json")
            self._more(upto)
            look = self._at

    def _doubtful(self) -> int:
        """Where, at the end of what is held, something may begin that cannot be recognised yet."""
        brace = self._text.rfind(b"{", max(self._at, len(self._text) - 256))
        return len(self._text) if brace < 0 or self._ended else brace

    def _begins(self, start: int) -> bool:
        """Whether a whole feature, or a collection, begins here."""
        here = self._at
        if self._opens(start):
            self._at = here
            return True
        try:
            return is_feature(parse(self._text[start : self._extent(start)]).value)
        except _NoValue:
            return False


def _end(text: str, start: int, final: bool) -> int:
    """Where a value ends. Raises _NoValue, or (unless `final`) _Unfinished where the text may only be too short."""
    try:
        value, end = _EXTENT.raw_decode(text, start)
    except json.JSONDecodeError as error:
        if not final and (error.pos >= len(text) - 8 or error.msg.startswith("Unterminated")):
            raise _Unfinished from None
        raise _NoValue from None
    except (ValueError, RecursionError):
        raise _NoValue from None
    if end == len(text) and not final and not isinstance(value, dict | list):
        raise _Unfinished
    return end
