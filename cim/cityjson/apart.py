"""Several solids as geometries of their own: CityJSON 2.0 lets no Building have a MultiSolid (clause 2.2.1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from cim.cityjson.record import Piece

DEFINED = {"material": "materials", "texture": "textures"}
"""Where the definitions are that a theme's values number."""


def apart(piece: Piece) -> Iterator[Piece]:
    """The solids of a piece, each a Solid of the same level of detail; any other piece as it is.

    Geometries of one object may be of one level (clause 3). A CompositeSolid stays whole: it is one solid in pieces.
    Semantic surfaces go with the solid that they are of, those of none with the first.
    """
    if piece.kind not in ("Solid", "MultiSolid"):
        yield piece
        return
    solids = [shells for shells in piece.shells if sum(shells)] or [(len(piece.polygons),)]
    if len(solids) == 1:
        yield replace(piece, kind="Solid", shells=tuple(solids))
        return
    ends = list(accumulate(map(sum, solids)))
    spans = list(zip([0, *ends[:-1]], ends, strict=True))
    for (first, last), shells, semantics in zip(spans, solids, _shared(piece.semantics, spans), strict=True):
        yield replace(
            piece,
            kind="Solid",
            polygons=piece.polygons[first:last],
            shells=(shells,),
            semantics=semantics,
            appearance=between(piece.appearance, first, last),
        )


def between(appearance: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    """The appearance of some of the surfaces; a theme that says nothing of them is left out."""
    found = {k: v for k, v in appearance.items() if k.startswith("default-")}
    for what, defined in DEFINED.items():
        themes = {theme: values[first:last] for theme, values in appearance.get(what, {}).items()}
        themes = {theme: values for theme, values in themes.items() if any(v is not None for v in values)}
        if themes:
            found |= {defined: appearance[defined], what: themes}
    return found


def _shared(semantics: Mapping[str, Any] | None, spans: Sequence[tuple[int, int]]) -> list[dict[str, Any] | None]:
    """What is said of the surfaces of each span, with the semantic surfaces that it names and what those belong with."""
    if semantics is None:
        return [None] * len(spans)
    surfaces, values = semantics["surfaces"], semantics["values"]
    families = _families(surfaces)
    members: dict[int, list[int]] = {}
    for place, family in enumerate(families):
        members.setdefault(family, []).append(place)
    named = [{families[v] for v in values[first:last] if v is not None} for first, last in spans]
    named[0] |= members.keys() - set().union(*named)
    found: list[dict[str, Any] | None] = []
    for (first, last), own in zip(spans, named, strict=True):
        kept = sorted(place for family in own for place in members[family])
        places = {place: number for number, place in enumerate(kept)}
        moved = [None if v is None else places[v] for v in values[first:last]]
        found.append({"surfaces": [_renumbered(surfaces[k], places) for k in kept], "values": moved} if kept else None)
    return found


def _families(surfaces: Sequence[Mapping[str, Any]]) -> list[int]:
    """The first of the semantic surfaces that each hangs together with by parents and children."""
    root = list(range(len(surfaces)))

    def top(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for place, one in enumerate(surfaces):
        for other in _relatives(one, len(surfaces)):
            low, high = sorted((top(place), top(other)))
            root[high] = low
    return [top(place) for place in range(len(surfaces))]


def _relatives(surface: Mapping[str, Any], count: int) -> list[int]:
    children = surface.get("children")
    told = [surface.get("parent"), *(children if isinstance(children, list) else [])]
    return [one for one in told if type(one) is int and 0 <= one < count]


def _renumbered(surface: Mapping[str, Any], places: Mapping[int, int]) -> dict[str, Any]:
    """A semantic surface with its relatives by their places in another list; what leads nowhere stays as it is."""
    told = dict(surface)
    if type(told.get("parent")) is int:
        told["parent"] = places.get(told["parent"], told["parent"])
    if isinstance(told.get("children"), list):
        told["children"] = [places.get(one, one) if type(one) is int else one for one in told["children"]]
    return told
