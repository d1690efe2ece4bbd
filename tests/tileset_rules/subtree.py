"""A subtree file by the rules: its layout, its buffers, its availability bits."""

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.tileset_rules.json_text import is_whole, parse
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Shelf, resolved

_HEADER = "<4sIQQ"


@dataclass
class Subtree:
    """An open subtree. chunk: its own binary data, empty in a JSON subtree."""

    document: dict[str, Any]
    chunk: bytes
    uri: str
    shelf: Shelf
    report: Report
    _views: dict[int, bytes | None] = field(default_factory=dict)

    def view(self, index: Any) -> bytes | None:
        """The bytes of a buffer view, None where it is broken, which is noted once."""
        if not is_whole(index) or index >= len(self.document.get("bufferViews", [])):
            self.report.add(self.uri, "subtree.views", f"bufferViews[{index!r}] is not there")
            return None
        if index not in self._views:
            self._views[index] = self._read_view(self.document["bufferViews"][index], f"bufferViews[{index}]")
        return self._views[index]

    def offset(self, index: Any) -> int:
        """Where a view starts in its buffer."""
        return int(self.document["bufferViews"][index].get("byteOffset", 0))

    def availability(self, stated: Any, bits: int, name: str) -> np.ndarray:
        """Which of so many tiles are available; notes what is wrong, and then none is."""
        none = np.zeros(bits, dtype=np.bool_)
        if not isinstance(stated, dict) or ("bitstream" in stated) == ("constant" in stated):
            self.report.add(self.uri, "subtree.availability", f"{name} is {stated!r}")
            return none
        if "constant" in stated:
            if stated["constant"] not in (0, 1):
                self.report.add(self.uri, "subtree.availability", f"{name} is {stated!r}")
                return none
            found = none | (stated["constant"] == 1)
        else:
            data = self.view(stated["bitstream"])
            if data is None:
                return none
            if len(data) != -(-bits // 8):
                self.report.add(self.uri, "subtree.bits", f"{name}: {len(data)} bytes for {bits} bits")
                return none
            every = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
            if every[bits:].any():
                self.report.add(self.uri, "subtree.bits", f"{name}: unused bits are set")
            found = every[:bits].astype(np.bool_)
        if "availableCount" in stated and stated["availableCount"] != int(found.sum()):
            self.report.add(self.uri, "subtree.count", f"{name}: {stated['availableCount']!r} is not {found.sum()}")
        return found

    def _read_view(self, entry: dict[str, Any], name: str) -> bytes | None:
        buffer, start, length = entry.get("buffer"), entry.get("byteOffset", 0), entry.get("byteLength")
        buffers = self.document.get("buffers", [])
        if not is_whole(buffer) or buffer >= len(buffers) or not is_whole(start) or not is_whole(length, 1):
            self.report.add(self.uri, "subtree.views", f"{name} is {entry}")
            return None
        if start % 8:
            self.report.add(self.uri, "subtree.views", f"{name} starts at {start}, not a multiple of 8")
        data = self._buffer(int(buffer), buffers[buffer])
        if data is None or start + length > min(len(data), buffers[buffer].get("byteLength", 0)):
            self.report.add(self.uri, "subtree.views", f"{name} ends beyond its buffer")
            return None
        return data[start : start + length]

    def _buffer(self, index: int, entry: dict[str, Any]) -> bytes | None:
        if "uri" not in entry:
            return self.chunk if index == 0 else None
        target = resolved(str(entry["uri"]), self.uri)
        return None if target is None else self.shelf.read(target)


def read_subtree(data: bytes, uri: str, shelf: Shelf, report: Report) -> Subtree | None:
    """A subtree file, binary or JSON; notes what is wrong with its layout."""
    text, chunk = data, b""
    if data[:1] != b"{":
        parts = _parts(data, uri, report)
        if parts is None:
            return None
        text, chunk = parts
    document, problem = parse(text)
    if document is None:
        report.add(uri, "json.encoding", problem)
        return None
    if not all(isinstance(view, dict) for view in document.get("bufferViews", [])):
        report.add(uri, "subtree.views", "a buffer view is no object")
        return None
    return Subtree(document, chunk, uri, shelf, report)


def _parts(data: bytes, uri: str, report: Report) -> tuple[bytes, bytes] | None:
    """The two chunks of a binary subtree."""
    if len(data) < struct.calcsize(_HEADER):
        report.add(uri, "subtree.header", f"is {len(data)} bytes long")
        return None
    magic, version, text, binary = struct.unpack_from(_HEADER, data)
    if (magic, version) != (b"subt", 1) or 24 + text + binary != len(data):
        report.add(uri, "subtree.header", f"{magic!r} {version}: 24 + {text} + {binary} of {len(data)} bytes")
        return None
    if text % 8 or binary % 8:
        report.add(uri, "subtree.header", f"chunks of {text} and {binary} bytes are not padded to 8")
    return data[24 : 24 + text], data[24 + text :]
