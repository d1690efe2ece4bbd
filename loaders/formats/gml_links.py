"""The members of an XML model one by one, safely, and what they refer to in other members of the same file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from cim.errors import BadSource
from loaders.formats.gml_surfaces import XLINK, identity, is_surface, local

APPEARANCES = "appearanceMember"
"""The child of the root that holds looks of surfaces in other members, in every version of CityGML."""

MOST_HELD = 4_000_000
"""so many elements of surfaces that are referred to from elsewhere are held; the project's own bound on memory"""


def events(file: BinaryIO, where: str) -> Iterator[tuple[str, Any]]:
    """(`start` or `end`, element) as the file is read.

    Raises BadSource for a document type: CityGML has none, and its entities could name files or grow without bound.
    XMLSyntaxError where the text is no XML.
    """
    parsed = etree.iterparse(
        file,
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    is_first = True
    for event, element in parsed:
        if is_first and element.getroottree().docinfo.doctype:
            raise BadSource(f"{where}: declares a document type (DTD), whose entities are not read; expected none")
        is_first = False
        yield event, element


def forget(element: Any) -> None:
    """Let go of what has been read: all that an element holds, and those before it."""
    element.clear(keep_tail=False)
    while element.getprevious() is not None:
        del element.getparent()[0]


def members(file: BinaryIO, where: str) -> Iterator[tuple[Any, Any]]:
    """(root, child) for every child of the root, whole; it is gone when the next is asked for.

    One named `APPEARANCES` comes without what it holds, which may be as much as the rest of the file. Raises as `events`
    does.
    """
    root, depth, is_dropped = None, 0, False
    for event, element in events(file, where):
        root = element if root is None else root
        depth += 1 if event == "start" else -1
        if event == "start" and depth == 2:
            is_dropped = local(element) == APPEARANCES
        elif event == "end" and depth == 1:
            yield root, element
            forget(element)
        elif event == "end" and is_dropped and depth > 1:
            forget(element)


@dataclass(slots=True)
class Elsewhere:
    """Surfaces that members refer to in other members; the file is read anew for them, once, when the first is asked for.

    askers: names of the elements whose references are followed; those of others (groups of buildings) are not.
    """

    where: str
    askers: Sequence[str]
    _held: dict[str, Any] | None = field(default=None)

    def needed(self, element: Any, ids: dict[str, Any]) -> bool:
        """Whether a member refers to something that is not in it."""
        return any(href[1:] not in ids for href in _references(element))

    def find(self, id: str) -> Any:
        """The element with an id, or None."""
        if self._held is None:
            self._held = self._gathered()
        return self._held.get(id)

    def _gathered(self) -> dict[str, Any]:
        """What buildings refer to in other members, and what that refers to in turn, as copies: members are dropped."""
        wanted: set[str] = set()
        for member in self._members():
            if any(local(one) in self.askers for one in member):
                ids = {identity(one) for one in member.iter()}
                wanted |= {href[1:] for href in _references(member) if href[1:] not in ids}
        found: dict[str, Any] = {}
        size = 0
        for member in self._members():
            there = {id: one for one in member.iter() if (id := identity(one)) is not None and is_surface(one)}
            asked = _closure([id for id in there if id in wanted], there)
            for id in there:  # from the outside inward, so that no surface is copied once more with one that it lies in
                if id not in asked or id in found:
                    continue
                copy = etree.fromstring(etree.tostring(there[id], with_tail=False))
                below = list(copy.iter())
                size += len(below)
                if size > MOST_HELD:
                    raise BadSource(
                        f"{self.where}: its buildings refer to surfaces of other members that come to more than "
                        f"{MOST_HELD:,} elements; write each surface in the building that it is of"
                    )
                found |= {own: one for one in below if (own := identity(one)) in asked and own not in found}
        return found

    def _members(self) -> Iterator[Any]:
        try:
            with Path(self.where).open("rb") as file:
                for _, child in members(file, self.where):
                    yield child
        except etree.XMLSyntaxError:
            return  # told by who reads it for its buildings


def _references(element: Any) -> Iterator[str]:
    for one in element.iter():
        href = one.get(XLINK) if local(one) else None
        if href is not None and href.startswith("#"):
            yield href


def _closure(begin: Sequence[str], ids: Mapping[str, Any]) -> set[str]:
    """Ids of a member with those that their elements refer to within it."""
    found, waiting = set(begin), list(begin)
    while waiting:
        for href in _references(ids[waiting.pop()]):
            if href[1:] in ids and href[1:] not in found:
                found.add(href[1:])
                waiting.append(href[1:])
    return found
