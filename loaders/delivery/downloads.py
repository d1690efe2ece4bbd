"""Downloads: an address fetched into a file, gone on with where a transfer breaks off, never beyond a size."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

import httpx

from cim.errors import BadSource, MissingTool, NoSpace
from cim.types import Progress
from loaders.delivery.locations import file_name, scheme, tame

ATTEMPTS = 4
_BLOCK = 1 << 20
_SPARE_BYTES = 64 << 20
_PAUSES_S = (0.5, 2.0, 5.0)
_PASSING = (408, 429, 500, 502, 503, 504)  # statuses that may be others a moment later


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What came: the file, its checksum (sha256) and its size."""

    path: Path
    checksum: str
    size: int


@dataclass(slots=True)
class _Transfer:
    """How far a transfer has come. size None: the server does not say."""

    address: str
    file: BinaryIO
    most: int
    progress: Progress
    name: str
    size: int | None = None
    mark: str | None = None
    done: int = 0

    def write(self, block: bytes) -> None:
        """Add a block. Raises BadSource beyond the size that is let in."""
        self.done += len(block)
        if self.done > self.most:
            raise self.too_large(self.done)
        self.file.write(block)
        self.progress(self.done, self.size, f"fetching {self.name}")

    def expect(self, size: int | None) -> None:
        """Take the size that a server states. Raises BadSource where it is too large, NoSpace where the disk is too full."""
        self.size = size
        if size is not None and size > self.most:
            raise self.too_large(size)
        folder = Path(self.file.name).parent
        free = shutil.disk_usage(folder).free
        if free < (size or 0) - self.done + _SPARE_BYTES:
            raise NoSpace(f"{self.address}: {size or 0:,} bytes, {folder} has room for {free:,}; free some space")

    def too_large(self, size: int) -> BadSource:
        return BadSource(
            f"{self.address}: {size:,} bytes or more; expected at most {self.most:,} (limits.max_delivery_gib)"
        )

    def restart(self) -> None:
        """Throw away what came: the rest would not fit it."""
        self.file.seek(0)
        self.file.truncate()
        self.done = 0


def fetch(
    address: str, folder: Path, most: int, progress: Progress, sleep: Callable[[float], None], attempts: int = ATTEMPTS
) -> Downloaded:
    """Fetch an address into a file of `folder`, named as its server or its path names it.

    most: bytes. A transfer that breaks off is gone on with where the server lets it, else begun anew, `attempts` times
    in all. Raises BadSource in one sentence for what cannot be had, MissingTool for s3:// without its packages, NoSpace.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / ".arriving"  # no server can name its file so: names are tamed
    try:
        with partial.open("w+b") as file:
            transfer = _Transfer(address, file, most, progress, file_name(address))
            _with_patience(_http if scheme(address) in ("http", "https") else _s3, transfer, sleep, attempts)
            file.flush()
            file.seek(0)
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        path = partial.rename(folder / transfer.name)
    except OSError as error:
        raise BadSource(f"{address}: cannot be written to {folder}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return Downloaded(path, checksum, transfer.done)


class _Broken(Exception):
    """A transfer broke off; trying once more may help."""


def _with_patience(
    once: Callable[[_Transfer], None], transfer: _Transfer, sleep: Callable[[float], None], attempts: int
) -> None:
    for attempt in range(1, attempts + 1):
        try:
            once(transfer)
        except _Broken as error:
            if attempt == attempts:
                of = "" if transfer.size is None else f" of {transfer.size:,}"
                raise BadSource(
                    f"{transfer.address}: the transfer broke off at {transfer.done:,}{of} bytes, {attempts} times tried "
                    f"({error}); nothing of it was kept: run it again"
                ) from error
            sleep(_PAUSES_S[min(attempt, len(_PAUSES_S)) - 1])
        else:
            return


def _http(transfer: _Transfer) -> None:
    """One request, for the rest where some came already and the server can tell that it is of the same file."""
    headers = {"Accept-Encoding": "identity"}
    if transfer.done and transfer.mark:
        headers |= {"Range": f"bytes={transfer.done}-", "If-Range": transfer.mark}
    timeout = httpx.Timeout(30.0, connect=10.0)
    try:
        with httpx.stream("GET", transfer.address, headers=headers, follow_redirects=True, timeout=timeout) as answer:
            _refuse_status(transfer, answer)
            blocks = _begin(transfer, answer)
            for block in blocks:
                transfer.write(block)
    except httpx.InvalidURL as error:
        raise BadSource(f"{transfer.address}: no address: {error}") from error
    except httpx.TooManyRedirects as error:
        raise BadSource(f"{transfer.address}: redirected in a circle") from error
    except httpx.HTTPError as error:
        raise _Broken(str(error) or type(error).__name__) from error
    if transfer.size is not None and transfer.done != transfer.size:
        raise _Broken(f"it ended at {transfer.done:,} bytes")


def _refuse_status(transfer: _Transfer, answer: httpx.Response) -> None:
    status = answer.status_code
    if status in _PASSING:
        raise _Broken(f"the server answers {status} {answer.reason_phrase}")
    if status == 416:
        transfer.restart()
        transfer.mark = None
        raise _Broken("the server has fewer bytes than before")
    if status not in (200, 206):
        raise BadSource(
            f"{transfer.address}: the server answers {status} {answer.reason_phrase}; is the address right?"
        )


def _begin(transfer: _Transfer, answer: httpx.Response) -> Iterator[bytes]:
    """Read the head of an answer: what is its name, its size, and where do its bytes go on."""
    named = _disposed_name(answer.headers.get("content-disposition", ""))
    transfer.name = named or (file_name(str(answer.url)) if transfer.name == "download" else transfer.name)
    if answer.status_code == 206 and answer.headers.get("content-range", "").startswith(f"bytes {transfer.done}-"):
        return answer.iter_raw(_BLOCK)
    transfer.restart()
    if answer.headers.get("content-encoding", "identity") != "identity":  # packed against our asking
        transfer.mark = None
        transfer.expect(None)
        return answer.iter_bytes(_BLOCK)
    weak = answer.headers.get("etag", "").startswith("W/")
    transfer.mark = answer.headers.get("etag") if not weak else None
    transfer.mark = transfer.mark or answer.headers.get("last-modified")
    length = answer.headers.get("content-length", "")
    transfer.expect(int(length) if length.isdigit() else None)
    return answer.iter_raw(_BLOCK)


def _disposed_name(header: str) -> str | None:
    """The file name in a Content-Disposition header (RFC 6266), tamed; None where there is none.

    >>> _disposed_name("attachment; filename*=UTF-8''%E9%81%93.csv"), _disposed_name('inline; filename="../a.csv"')
    ('道.csv', 'a.csv')
    """
    wide = re.search(r"filename\*\s*=\s*utf-8''([^;\s]+)", header, re.IGNORECASE)
    plain = re.search(r'filename\s*=\s*"?([^";]+)"?', header, re.IGNORECASE)
    name = unquote(wide.group(1)) if wide else plain.group(1) if plain else None
    return None if name is None else tame(name)


def _s3(transfer: _Transfer) -> None:
    """One pass over an object, from where the last one broke off. Credentials are found as s3fs finds them."""
    try:
        fsspec: Any = import_module("fsspec")
        files = fsspec.filesystem("s3")
    except ImportError as error:
        raise MissingTool(f"{transfer.address}: needs s3fs: .venv/bin/python -m pip install -e '.[remote]'") from error
    try:
        info = files.info(transfer.address)
        if (mark := str(info.get("ETag"))) != transfer.mark:
            transfer.restart()
        transfer.mark = mark
        transfer.expect(int(info["size"]))
        while transfer.done < int(info["size"]):
            end = min(transfer.done + 8 * _BLOCK, int(info["size"]))
            block = files.cat_file(transfer.address, start=transfer.done, end=end)
            if not block:
                raise _Broken("the store answers with nothing")
            transfer.write(block)
    except FileNotFoundError as error:
        raise BadSource(f"{transfer.address}: there is no such object") from error
    except PermissionError as error:
        raise BadSource(f"{transfer.address}: the store refuses it: {error}") from error
    except (BadSource, NoSpace, _Broken):
        raise
    except Exception as error:  # boto's errors have no root of their own; every one of them is a broken transfer
        raise _Broken(f"{type(error).__name__}: {error}") from error
