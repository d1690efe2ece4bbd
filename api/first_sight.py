"""Sources that the city file does not name: looked at, told what they are taken for, and made into sources of their own."""

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.terminal import Terminal
from cim import crs as frames
from cim import source_entry
from cim.city import City
from cim.errors import BadInput, CimError
from cim.layers import LAYERS
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from loaders.delivery import exchange, folders, locations
from loaders.delivery.deliveries import Arrived, Depot
from loaders.delivery.locations import Location
from loaders.recognising import looks

_WILD = re.compile(r"[*?\[\]]+")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was made out: sources under the names they will be published as, and why others were refused."""

    sources: tuple[NamedSource, ...]
    refusals: tuple[CimError, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of a delivery: where it lies as an entry of the city file would write it, and at hand."""

    location: Location
    path: Path
    name: str


def is_place(written: str) -> bool:
    """Whether an argument is a path, a pattern or an address, not a name.

    >>> [is_place(w) for w in ("roads", "in/roads.csv", "roads.csv", "https://host/x")]
    [False, True, True, True]
    """
    return any(sign in written for sign in "/.*?") or Path(written).exists()


def look_at(
    written: Sequence[str], city: City, held: Mapping[str, str], parsed: Namespace, depot: Depot, terminal: Terminal
) -> Seen:
    """Look at files, folders, archives and addresses. What cannot be told is refused, the rest goes on.

    held: the layer of every dataset that there is.
    """
    sources: list[NamedSource] = []
    refusals: list[CimError] = []
    for one in written:
        came = _brought(one, depot, terminal, refusals)
        if came is None:
            continue
        if came[1].folder is not None and exchange.is_package(came[1].folder):
            sources += _of_package(*came, held, terminal, refusals)
            continue
        for part in _parts(one, *came, terminal):
            try:
                for table in [parsed.table] if parsed.table else looks.tables(part.path):
                    try:
                        named = _named(part, table, city, parsed, terminal)
                        _refuse_taken(named, [s.name for s in sources], city, held)
                    except BadInput as error:
                        _refuse(error, part, terminal, refusals)
                        continue
                    if parsed.mode != "terminate":  # what has gone is said once, and nothing for a city file
                        terminal.line("\n" + source_entry.as_toml(named) + "\n")
                    sources.append(named)
            except BadInput as error:
                _refuse(error, part, terminal, refusals)
    if parsed.name is not None and len(sources) > 1:
        raise BadInput(f"--name {parsed.name}: {len(sources)} datasets are found; give the name to one of them alone")
    return Seen(tuple(sources), tuple(refusals))


def _refuse(error: CimError, part: _Part, terminal: Terminal, refusals: list[CimError]) -> None:
    terminal.line(f"refused    {part.name}: {error}")
    refusals.append(error)


def _brought(
    written: str, depot: Depot, terminal: Terminal, refusals: list[CimError]
) -> tuple[Location, Arrived] | None:
    """Where a delivery lies, and its files at hand; None where it was refused."""
    try:
        location = locations.parse(written)
        if not location.is_remote:
            location = replace(location, place=str(Path(location.place).resolve()))
        return location, depot.bring(location)
    except CimError as error:
        terminal.line(f"refused    {written}: {error}")
        refusals.append(error)
        return None


def _of_package(
    location: Location, arrived: Arrived, held: Mapping[str, str], terminal: Terminal, refusals: list[CimError]
) -> list[NamedSource]:
    """What a package of `cim export` holds, as its manifest says; one with a spoilt file is refused whole."""
    assert arrived.folder is not None
    try:
        found = exchange.sources(arrived.folder)
        for named in found:
            _refuse_other_layer(named, held)
    except CimError as error:
        terminal.line(f"refused    {location}: {error}")
        refusals.append(error)
        return []
    terminal.line(f"{location}: a package of exports with {len(found)} datasets, every file as its checksum says")
    return [
        replace(
            named,
            source=replace(named.source, location=str(_within(location, arrived.folder, Path(named.source.location)))),
        )
        for named in found
    ]


def _parts(written: str, location: Location, arrived: Arrived, terminal: Terminal) -> Iterator[_Part]:
    """The files of a delivery that each become a dataset; what is no source is told."""
    whole = arrived.folder is not None and location.inner is None and len(arrived.files) > 0
    is_many = whole and (location.place != str(arrived.files[0].path)) and _is_container(arrived, location)
    if not is_many:  # one file, or a pattern that its owner calls one delivery
        yield _Part(location, arrived.files[0].path, _WILD.sub("", arrived.files[0].path.name))
        return
    assert arrived.folder is not None
    listing = folders.sources(arrived.folder)
    terminal.line(f"{written}: {len(listing.sources)} sources, {len(listing.strange)} other files")
    for path, reason in listing.strange:
        terminal.line(f"not read   {path.relative_to(arrived.folder)}: {reason}")
    for path in listing.sources:
        yield _Part(_within(location, arrived.folder, path), path, str(path.relative_to(arrived.folder)))


def _is_container(arrived: Arrived, location: Location) -> bool:
    """Whether a delivery is a folder or an archive, and not one file that was fetched."""
    assert arrived.folder is not None
    return arrived.folder.name == "unpacked" or str(arrived.folder) == location.place


def _within(location: Location, folder: Path, path: Path) -> Location:
    if str(folder) == location.place:
        return Location(str(path))
    return Location(location.place, str(path.relative_to(folder)))


def _named(part: _Part, table: str | None, city: City, parsed: Namespace, terminal: Terminal) -> NamedSource:
    """The source that a file is, told line by line."""
    stated = Source(
        location=str(part.location),
        layer="",
        crs=None if parsed.crs is None else frames.parse(parsed.crs),
        encoding=parsed.encoding,
        columns=dict(parsed.column),
        constants={name: _value(text) for name, text in parsed.constant},
        mode=parsed.mode or "replace",
        valid_from=parsed.valid_from,
        table=table,
        anchor=parsed.anchor,
        up=parsed.up,
        city=(city.extent, city.crs),
        height_datum=city.height_datum,
    )
    terminal.line(part.name if table is None else f"{part.name}, table {table}")
    found = looks.look(part.path, stated, parsed.layer)
    for topic, sentence in found.told:
        terminal.line(f"  {topic:<10} {sentence}")
    if found.fit is not None and found.fit.missing and parsed.mode != "terminate":
        lacking = found.fit.missing[0]
        raise BadInput(
            f"{part.name}: nothing is {lacking}, which layer {found.fit.layer} requires; its columns are "
            f"{', '.join([*found.fit.same, *found.fit.columns.values(), *found.fit.left][:12])}. "
            f"Say --column {lacking}=COLUMN, or --constant {lacking}=VALUE"
        )
    name = parsed.name or _dataset(part, table)
    return NamedSource(
        name, replace(found.source, city=None, height_datum=stated.height_datum), Card(priority=len(city.sources))
    )


def _dataset(part: _Part, table: str | None) -> str:
    """The name of the dataset: that of the file, or of its table."""
    stem = _WILD.sub("", Path(part.location.inner or part.name).stem).strip("_- .") or part.path.stem
    return stem if table is None else f"{stem}_{table}"


def _refuse_taken(named: NamedSource, names: Sequence[str], city: City, held: Mapping[str, str]) -> None:
    if named.name in {source.name for source in city.sources}:
        raise BadInput(
            f"{named.name}: the city file has a source of this name: `cim load {named.name} --file`, or --name"
        )
    if named.name in names:
        raise BadInput(f"{named.name}: two files would become this dataset: load them one by one, with --name")
    _refuse_other_layer(named, held)


def _refuse_other_layer(named: NamedSource, held: Mapping[str, str]) -> None:
    layer = held.get(named.name)
    if layer is not None and layer != named.source.layer:
        raise BadInput(
            f"{named.name}: a dataset of this name holds {LAYERS[layer].title_en.lower()} ({layer}), this is "
            f"{named.source.layer}: say --name"
        )


def _value(text: str) -> Any:
    """What an owner states in one word: a truth, a number, else text.

    >>> [_value(t) for t in ("true", "2", "0.5", "L2")]
    [True, 2, 0.5, 'L2']
    """
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
