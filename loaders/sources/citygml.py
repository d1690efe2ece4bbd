"""CityGML 1, 2 and 3: the buildings of a city model, read object by object from XML that may declare nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from cim.cityjson.record import Broken, CityRecord
from cim.errors import BadSource
from cim.plugins import Batch, Source
from cim.types import Issue
from loaders.formats.axis_order import exchanged, is_north_first
from loaders.formats.city_rows import Rows, others_told, sample
from loaders.formats.citygml_appearance import Looks
from loaders.formats.citygml_beside import looks_beside
from loaders.formats.citygml_building import BUILDINGS, building
from loaders.formats.gml_links import Elsewhere, members
from loaders.formats.gml_surfaces import identity, local
from loaders.formats.model_crs import model_crs, plain_name
from loaders.formats.pictures import MOST_OF_CITY, Album

_MEMBERS = ("cityObjectMember", "featureMember", "member")
_AHEAD = 200


@dataclass(frozen=True, slots=True)
class CityGml:
    """The format. Nothing that a file names outside itself is fetched, and none of its entities is resolved."""

    name: str = "CityGML"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the namespace that every such file declares, or a city model at its root."""
        text = head.replace(b"\0", b"")  # of UTF-16
        is_xml = text.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
        return is_xml and (b"opengis.net/citygml" in text or b"CityModel" in text)

    def read(self, source: Source, after: int = 0) -> Iterator[Batch]:
        """Batches of up to 5,000 rows. Raises BadSource for a document type, with or without entities."""
        try:
            with Path(source.location).open("rb") as file:
                yield from _read(file, source, after)
        except OSError as error:
            raise BadSource(f"{source.location}: cannot be read: {error}") from error


CITYGML = CityGml()


@dataclass(slots=True)
class _Model:
    """A file while it is read. name: of its frame; left: what is not read, by its name; broken: where it is no XML.

    beside: the looks that stand beside the buildings.
    """

    source: Source
    name: str | None = None
    left: Counter[str] = field(default_factory=Counter)
    broken: str | None = None
    count: int = 0
    beside: Looks = field(default_factory=Looks)


def _read(file: BinaryIO, source: Source, after: int) -> Iterator[Batch]:
    model = _Model(source, beside=looks_beside(Path(source.location)))
    album = Album(Path(source.location).parent, MOST_OF_CITY)
    records = _records(file, model)
    ahead = list(islice(records, _AHEAD))
    whole = [one for one in ahead if isinstance(one, CityRecord)]
    if not ahead:
        held = ", ".join(f"{n:,} {kind}" for kind, n in sorted(model.left.items())) or "no city object at all"
        raise BadSource(f"{source.location}: {model.broken or f'no buildings; it holds {held}'}")
    crs, notes = model_crs(source, model.name, sample(whole))
    north_first = is_north_first(whole, crs, None if model.name is None else plain_name(model.name), source)
    if north_first:
        notes.append(Issue("axes_exchanged", "northings (or latitudes) stand before eastings", None, "exchanged"))
    size = Path(source.location).stat().st_size
    rows = Rows(after=after, album=album)
    rows.issues += notes
    for record in chain(ahead, records):
        rows.add(exchanged(record) if north_first and isinstance(record, CityRecord) else record)
        if rows.full():
            yield rows.batch(crs, size, file.tell())
            rows = Rows(rows.row, after, album=album)
    rows.issues += others_told(model.left)
    if model.beside.left:
        listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(model.beside.left.items()))
        rows.issues.append(Issue("appearance_left", f"not read of what surfaces look like: {listed}"))
    if model.broken is not None:
        rows.issues.append(Issue("truncated", f"{model.broken}: what follows is not here"))
    if rows.cells or rows.damaged or rows.issues:
        yield rows.batch(crs, size, size)


def _records(file: BinaryIO, model: _Model) -> Iterator[CityRecord | Broken]:
    """The buildings one by one; what has been read is dropped, so that memory does not grow with the file."""
    elsewhere = Elsewhere(model.source.location, BUILDINGS)
    try:
        for root, child in members(file, model.source.location):
            if model.name is None:
                model.name = _frame(child) or _frame(root)
            if local(child) not in _MEMBERS:
                continue
            for element in child:
                kind = local(element)
                model.count += bool(kind)
                if kind in BUILDINGS:
                    ids = {id: one for one in element.iter() if (id := identity(one)) is not None}
                    find = ids.get if not elsewhere.needed(element, ids) else _both(ids, elsewhere)
                    yield building(element, f"building-{model.count}", find, model.left, model.beside)
                elif kind:
                    model.left[kind] += 1
    except etree.XMLSyntaxError as error:
        model.broken = f"it is no XML behind line {error.lineno or 0:,} ({error.msg})"


def _both(ids: dict[str, Any], elsewhere: Elsewhere) -> Any:
    return lambda id: ids[id] if id in ids else elsewhere.find(id)


def _frame(element: Any) -> str | None:
    """The first name of a frame that stands in an element or below it."""
    return next((name for one in element.iter() if (name := one.get("srsName"))), None)
