"""Locations of sources, as their owners write them: a path, a pattern, a folder, an archive, an address, or part of one."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from cim.errors import BadInput

REMOTE = ("http", "https", "s3")
_ARCHIVE = "zip://"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a source lies.

    place: a path (of a file, a pattern, a folder, an archive) or an address. inner: which files of the archive there,
    as a path or pattern within it; None: all that are of a known format.
    """

    place: str
    inner: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it has to be fetched first."""
        return scheme(self.place) in REMOTE

    def __str__(self) -> str:
        return self.place if self.inner is None else f"{_ARCHIVE}{self.inner}::{self.place}"


def parse(written: str) -> Location:
    """The location that an owner writes. Raises BadInput for an address of a kind that nobody here can fetch.

    `zip://roads/*.shp::https://host/city.zip` is the part of an archive, as fsspec writes it too.

    >>> parse("zip://roads.shp::in/city.zip")
    Location(place='in/city.zip', inner='roads.shp')
    >>> parse("file:///srv/a%20b.csv").place, parse("s3://bucket/dem.tif").is_remote
    ('/srv/a b.csv', True)
    """
    inner: str | None = None
    if written.startswith(_ARCHIVE):
        inner, behind, written = written.removeprefix(_ARCHIVE).partition("::")
        if not behind or not written:
            raise BadInput(f"{_ARCHIVE}{inner}: expected zip://PART::ARCHIVE, where ARCHIVE is a path or an address")
        inner = inner.strip("/") or None
        if ".." in (inner or "").split("/"):
            raise BadInput(f"{_ARCHIVE}{inner}: leads out of the archive; expected the path of a part within it")
    kind = scheme(written)
    if kind == "file":
        written = unquote(urlsplit(written).path)
    elif kind is not None and kind not in REMOTE:
        raise BadInput(f"{written}: addresses of kind {kind}:// are not fetched; expected one of {', '.join(REMOTE)}")
    return Location(written, inner)


def scheme(place: str) -> str | None:
    """The scheme of an address in lower case, None of a path."""
    head, found, _ = place.partition("://")
    return head.lower() if found and head.isalnum() else None


def file_name(address: str) -> str:
    """The name that a fetched file takes from its address, without folders; `download` where that has none.

    >>> file_name("https://host/data/%E9%81%93%E8%B7%AF.zip?key=1"), file_name("https://host/")
    ('道路.zip', 'download')
    """
    path = urlsplit(address).path if scheme(address) in ("http", "https") else address
    return tame(unquote(path).rsplit("/", 1)[-1])


def tame(name: str) -> str:
    """A name that others chose, as the name of one file: no folders, no control characters, at most 200 bytes.

    >>> tame("../../etc/passwd"), tame(".."), tame("a\\x00b.csv")
    ('passwd', 'download', 'ab.csv')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(c for c in last if c.isprintable()).strip(". ")
    while len(clean.encode()) > 200:  # the ending says the format: it is kept
        head, dot, ending = clean.rpartition(".")
        clean = f"{head[:-1]}{dot}{ending}" if head else clean[:-1]
    return clean or "download"
