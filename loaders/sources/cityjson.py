"""CityJSON 1.0, 1.1 and 2.0: the buildings of a city model with their surfaces, one row a level of detail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from cim.cityjson.reading import Contents, Header, header, read
from cim.errors import BadInput, BadSource
from cim.plugins import Batch, Source
from loaders.formats.city_document import parse
from loaders.formats.city_rows import Rows, extensions_told, others_told, sample
from loaders.formats.model_crs import model_crs
from loaders.formats.pictures import MOST_OF_CITY, Album

MOST_BYTES = 256 << 20
"""the largest document that is read; it takes some fourteen times its size in memory. The project's own limit"""

_TYPE = re.compile(rb'"type"\s*:\s*"CityJSON"')


@dataclass(frozen=True, slots=True)
class CityJson:
    """The format: one document with its objects over one list of vertices."""

    name: str = "CityJSON"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the type that it says, or its name: the type may stand behind megabytes of objects."""
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        return name.lower().endswith(".city.json") or (name.lower().endswith(".json") and bool(_TYPE.search(head)))

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 5,000 rows. Raises BadSource for a document over 256 MiB: a CityJSONSeq has no such limit."""
        path = Path(source.location)
        try:
            size = path.stat().st_size
            if size > MOST_BYTES:
                raise BadSource(
                    f"{source.location}: a CityJSON document of {size >> 20:,} MiB; expected at most {MOST_BYTES >> 20}: "
                    "write it as CityJSONSeq, which is read feature by feature"
                )
            document, again = parse(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        except OSError as error:
            raise BadSource(f"{source.location}: cannot be read: {error}") from error
        except orjson.JSONDecodeError as error:
            raise BadSource(f"{source.location}: not JSON: {error}") from error
        except BadInput as error:
            raise BadSource(f"{source.location}: {error}") from error
        try:
            head = header(document)
            contents = read(document, head)
            contents = replace(contents, records=(*contents.records, *again))
        except BadInput as error:
            raise BadSource(f"{source.location}: {error}") from error
        del document
        yield from _batches(contents, head, source, after, size)


CITYJSON = CityJson()


def _batches(contents: Contents, head: Header, source: Source, after: int, size: int) -> Iterator[Batch]:
    if not contents.records:
        found = ", ".join(f"{n:,} {kind}" for kind, n in contents.others.items()) or "no city object at all"
        raise BadSource(f"{source.location}: no buildings; it holds {found}")
    crs, notes = model_crs(source, head.crs, sample(contents.records))
    notes += [*others_told(contents.others), *extensions_told(head.extensions)]
    album = Album(Path(source.location).parent, MOST_OF_CITY)
    rows = Rows(after=after, album=album)
    rows.issues += notes
    for done, record in enumerate(contents.records, start=1):
        rows.add(record)
        if rows.full():
            share = round(size * done / len(contents.records))
            yield rows.batch(crs, size, share)
            rows = Rows(rows.row, after, album=album)
    if rows.cells or rows.damaged or rows.issues:
        yield rows.batch(crs, size, size)
