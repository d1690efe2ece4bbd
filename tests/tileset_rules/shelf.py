"""Where the checker reads from: files by their URI, as a static host would serve them."""

import gzip
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit


class Shelf(Protocol):
    """Files by URI."""

    def read(self, uri: str) -> bytes | None:
        """The bytes of a file as a client gets them, None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; what is kept as name.gz is served as name."""

    path: Path

    def read(self, uri: str) -> bytes | None:
        """The bytes of a file of the folder, unpacked."""
        plain = self.path / uri
        packed = plain.with_name(plain.name + ".gz")
        if packed.is_file():
            return gzip.decompress(packed.read_bytes())
        return plain.read_bytes() if plain.is_file() else None


@dataclass(frozen=True, slots=True)
class Kept:
    """Files in a dictionary."""

    files: dict[str, bytes]

    def read(self, uri: str) -> bytes | None:
        """The bytes kept under this URI."""
        return self.files.get(uri)


def resolved(uri: str, base: str) -> str | None:
    """A relative URI as seen from a file, as a path of the shelf; None where it leads out of the shelf."""
    parts = urlsplit(uri)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
    return None if joined.startswith("..") else joined
