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
MOST_OF_CITY = 16_384
"""What pictures are reduced to, what one may be, and how many a mesh model and a city model may have (all of them the
project's own defaults)."""

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
    """The pictures of one model; why some are not shown gathers in `issues`.

    most: so many are read. Of them the `MOST_PICTURES` that were asked for last are held, each for all bodies that show it;
    one that is asked for again later is read again, and counts again. taken_bytes: of those read since `told` was asked.
    """

    folder: Path
    most: int = MOST_PICTURES
    issues: list[Issue] = field(default_factory=list)
    taken_bytes: int = 0
    _found: dict[str, Picture] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)
    _reads: int = 0

    def told(self) -> list[Issue]:
        """The issues that have gathered since they were last asked for."""
        found, self.issues, self.taken_bytes = self.issues, [], 0
        return found

    def named(self, uri: str) -> Picture | None:
        """The picture that a model names: in a `data:` URI, or in a file in or below the model's own folder."""
        if uri.startswith("data:"):
            return self.held(f"picture {self._reads}", uri, lambda: base64.b64decode(uri.partition(",")[2]))
        name = _spelt(unquote(uri))
        return self.held(uri, str(PurePosixPath(name)), lambda: _place(self.folder, name).read_bytes())

    def held(self, name: str, key: str, read: Callable[[], bytes]) -> Picture | None:
        """The picture whose bytes `read` gives, under a key of its own; None, with an issue, for what is not shown."""
        found = self._found.pop(key, None)
        if found is None and key not in self._refused:
            found = self._read(name, key, read)
        if found is not None:
            self._found[key] = found  # behind those that were asked for before
            if len(self._found) > MOST_PICTURES:
                del self._found[next(iter(self._found))]
        return found

    def _read(self, name: str, key: str, read: Callable[[], bytes]) -> Picture | None:
        self._reads += 1
        try:
            if self._reads > self.most:
                if self._reads > self.most + 1:  # told already
                    return None
                why = f"{self.most:,} were read of this model; it and what would be read after it are not shown"
                raise _Refused("picture_too_large", why)
            found = reduced(name, _bytes(read))
            self.taken_bytes += len(found.packed)
            return found
        except _Refused as refused:
            self.issues.append(Issue(refused.code, f"picture {name[:80]!r}: {refused}; its colour is kept"))
        except ValueError:
            self.issues.append(Issue("picture_unreadable", f"picture {name[:80]!r}: no bytes; its colour is kept"))
        self._refused.add(key)
        return None


class _Refused(Exception):
    """A picture that is not shown."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def beside(folder: Path, uri: str) -> Path | None:
    """The file that `Album.named` reads for this name; None where it reads none."""
    try:
        return _place(folder, _spelt(unquote(uri)))
    except _Refused:
        return None


def _spelt(name: str) -> str:
    """A name with folders as they are told here: files made on Windows have them otherwise."""
    return name.replace("\\", "/")


def _place(folder: Path, name: str) -> Path:
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
