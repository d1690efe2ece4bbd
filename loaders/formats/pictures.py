"""Pictures that models show on their surfaces: found beside the file or in it, bounded, reduced to one small WebP each."""

import base64
import io
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from PIL import Image

from cim.types import Issue

LONGEST_PX = 512
MOST_BYTES = 32 << 20
MOST_PIXELS = 8192 * 8192
MOST_PICTURES = 256
"""What pictures are reduced to, and what one may be and a file may have (all of them the project's own defaults)."""

_QUALITY = 82
_FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True, slots=True)
class Picture:
    """name: as its model calls it. kind: `PNG` or `JPG`, what it was delivered as. packed: WebP in base64, reduced; one
    text for all bodies that show it.
    """

    name: str
    kind: str
    packed: str


@dataclass(slots=True)
class Album:
    """The pictures of one model, each read once; why some are not shown gathers in `issues`."""

    folder: Path
    issues: list[Issue] = field(default_factory=list)
    _found: dict[str, Picture | None] = field(default_factory=dict)
    _is_full: bool = False

    def told(self) -> list[Issue]:
        """The issues that have gathered since they were last asked for."""
        found, self.issues = self.issues, []
        return found

    def named(self, uri: str) -> Picture | None:
        """The picture that a model names: in a `data:` URI, or in a file in or below the model's own folder."""
        if uri.startswith("data:"):
            return self.held(f"picture {len(self._found)}", uri, lambda: base64.b64decode(uri.partition(",")[2]))
        return self.held(uri, uri, lambda: _place(self.folder, unquote(uri)).read_bytes())

    def held(self, name: str, key: str, read: Callable[[], bytes]) -> Picture | None:
        """The picture whose bytes `read` gives, under a key of its own; None, with an issue, for what is not shown."""
        if key not in self._found and len(self._found) >= MOST_PICTURES:
            if not self._is_full:
                why = f"one of more than {MOST_PICTURES} pictures; it and those that follow are not shown"
                self.issues.append(Issue("picture_too_large", f"picture {name[:80]!r}: {why}"))
            self._is_full = True
            return None
        if key not in self._found:
            try:
                self._found[key] = reduced(name, _bytes(read))
            except _Refused as refused:
                self._found[key] = None
                self.issues.append(Issue(refused.code, f"picture {name[:80]!r}: {refused}; its colour is kept"))
            except ValueError:
                self._found[key] = None
                self.issues.append(Issue("picture_unreadable", f"picture {name[:80]!r}: no bytes; its colour is kept"))
        return self._found[key]


class _Refused(Exception):
    """A picture that is not shown."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def beside(folder: Path, uri: str) -> Path | None:
    """The file that `Album.named` reads for this name; None where it reads none."""
    try:
        return _place(folder, unquote(uri))
    except _Refused:
        return None


def _place(folder: Path, name: str) -> Path:
    name = name.replace("\\", "/")  # files made on Windows have folders so
    parts = PurePosixPath(name).parts
    if not parts or ":" in name or "\0" in name or name.startswith("/") or ".." in parts:
        raise _Refused("picture_outside", "lies elsewhere than beside its model")
    at = folder
    try:
        for part in parts:
            at = at / part
            mode = at.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise _Refused("picture_outside", "is a link, which may lead elsewhere")
        if not stat.S_ISREG(mode):
            raise _Refused("picture_missing", "is no file")
        if at.stat().st_size > MOST_BYTES:
            raise _Refused("picture_too_large", f"has more than {MOST_BYTES:,} bytes")
        return at
    except OSError:
        raise _Refused("picture_missing", "is not there") from None


def _bytes(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except OSError:
        raise _Refused("picture_missing", "cannot be read") from None


def reduced(name: str, data: bytes) -> Picture:
    """A picture (PNG, JPEG or WebP) as WebP whose longer side is at most `LONGEST_PX`; what is clear becomes opaque.

    The same bytes give the same picture. Raises _Refused for too many bytes or pixels, and for what is no picture.
    """
    if len(data) > MOST_BYTES:
        raise _Refused("picture_too_large", f"has more than {MOST_BYTES:,} bytes")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:  # told in its first bytes: nothing is unpacked yet
                raise _Refused("picture_too_large", f"has {width:,} x {height:,} pixels, more than {MOST_PIXELS:,}")
            kind = "JPG" if image.format == "JPEG" else "PNG"
            image.draft("RGB", (LONGEST_PX, LONGEST_PX))
            small = image.convert("RGB")
    except _Refused:
        raise
    except Image.DecompressionBombError:
        raise _Refused("picture_too_large", f"has more than {MOST_PIXELS:,} pixels") from None
    except Exception as error:  # whatever a spoilt picture makes the reader stumble over
        raise _Refused("picture_unreadable", f"cannot be read: {type(error).__name__}") from error
    small.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    small.save(packed, "WEBP", quality=_QUALITY, method=4)
    return Picture(name, kind, base64.b64encode(packed.getvalue()).decode())
