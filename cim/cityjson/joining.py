"""A building's geometries of one level of detail as one body, and that body as the geometries it came from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cim.boundary import Boundary
from cim.cityjson.apart import DEFINED, apart, between
from cim.cityjson.nesting import DEPTH
from cim.cityjson.record import Part, Piece
from cim.cityjson.surfaces import codes, semantics_of


def join(pieces: Sequence[Piece], members: Mapping[str, Any], parts: Sequence[Part]) -> Boundary:
    """One body of all pieces, in their order.

    members: what the building says besides its attributes. What a code a surface and a count a shell cannot hold stands
    in the notes: `object`, `parts`, and `pieces` with their semantics; `split` takes it from there. A MultiSolid counts as
    its solids, as which it goes out again.
    """
    pieces = [one for piece in pieces for one in apart(piece)]
    polygons = np.concatenate([p.polygons for p in pieces])
    surface = np.concatenate([codes(p.semantics, len(p.polygons)) for p in pieces])
    notes: dict[str, Any] = {"pieces": [_noted(p) for p in pieces]}
    if members:
        notes["object"] = dict(members)
    if parts:
        notes["parts"] = [
            {
                "id": p.id,
                "type": p.type,
                "parent": p.parent,
                "attributes": dict(p.attributes),
                "members": dict(p.members),
            }
            for p in parts
        ]
    solid = all(DEPTH[p.kind] for p in pieces)
    kind = pieces[0].kind if len(pieces) == 1 else "MultiSolid" if solid else "MultiSurface"
    shells = tuple(shell for p in pieces for shell in p.shells) if solid else ()
    return Boundary(polygons, surface, kind, shells, notes=notes, appearance=_together(pieces))


def _noted(piece: Piece) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": piece.kind, "polygons": len(piece.polygons)}
    optional = {
        "of": piece.of,
        "lod": piece.lod or None,
        "shells": [list(sizes) for sizes in piece.shells] or None,
        "semantics": piece.semantics,
    }
    return told | {name: value for name, value in optional.items() if value is not None}


def split(body: Boundary) -> Iterator[Piece]:
    """The geometries of a body; one, if it never had several, or if its notes are not of its surfaces."""
    noted = body.notes.get("pieces")
    if not noted or sum(one["polygons"] for one in noted) != len(body):
        semantics = semantics_of(body.surface.tolist())
        yield Piece(body.kind, body.polygons, body.shells, semantics, body.appearance)
        return
    first = 0
    for one in noted:
        last = first + one["polygons"]
        yield Piece(
            kind=one["kind"],
            polygons=body.polygons[first:last],
            shells=tuple(tuple(sizes) for sizes in one.get("shells", ())),
            semantics=one.get("semantics"),
            appearance=between(body.appearance, first, last),
            of=one.get("of"),
            lod=one.get("lod", ""),
        )
        first = last


def parts_of(body: Boundary) -> tuple[Part, ...]:
    """The parts that a body's notes tell of."""
    return tuple(Part(**one) for one in body.notes.get("parts", ()))


def _together(pieces: Sequence[Piece]) -> dict[str, Any]:
    """The appearance of all pieces: definitions once, themes over all surfaces."""
    found: dict[str, Any] = {}
    for what, defined in DEFINED.items():
        definitions: list[Any] = []
        themes: dict[str, list[Any]] = {}
        done = 0
        for piece in pieces:
            own = piece.appearance.get(defined, [])
            places = [_place(definitions, one) for one in own]
            for theme, values in piece.appearance.get(what, {}).items():
                told = themes.setdefault(theme, [])
                told += [None] * (done - len(told)) + [_renumbered(v, places) for v in values]
            done += len(piece.polygons)
        if themes:
            found[defined] = definitions
            found[what] = {theme: told + [None] * (done - len(told)) for theme, told in themes.items()}
    for piece in pieces:
        found = {k: v for k, v in piece.appearance.items() if k.startswith("default-")} | found
    return found


def _place(definitions: list[Any], one: Any) -> int:
    """Where a definition stands in the list; it is added where it does not."""
    if one not in definitions:
        definitions.append(one)
    return definitions.index(one)


def _renumbered(value: Any, places: Sequence[int]) -> Any:
    """What is said of one surface, with definitions by their places in another list."""
    if value is None:
        return None
    if isinstance(value, list):  # of a texture: for every ring None, or [definition, [[u, v], ...]]
        return [None if ring is None else [places[ring[0]], ring[1]] for ring in value]
    return places[value]
