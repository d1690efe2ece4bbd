"""One CityJSON geometry as a piece of a body: its indices as polygons in space (CityJSON 2.0, clause 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from cim.cityjson.appearance import Palette, appearance
from cim.cityjson.nesting import DEPTH, Shells, flatten, nest, spread
from cim.cityjson.record import Fault, Note, Piece
from cim.types import FloatArray

_FARTHEST = 1e9
"""No coordinate on the Earth, in whatever unit, is beyond this: it is damage, and would overflow what is reckoned of it."""


MOST_INSTANCED = 5_000_000
"""so many corners of templates are drawn of one document: a small one may show one template a million times. The
project's own limit"""


@dataclass(slots=True)
class Allowance:
    """How many corners of templates may still be drawn. sizes: corners of each template that was asked for."""

    left: int = MOST_INSTANCED
    sizes: dict[int, int] = field(default_factory=dict)

    def take(self, number: int, template: Mapping[str, Any]) -> None:
        """Count a template that is shown once more. Raises Fault where it is too much, and takes nothing then."""
        if number not in self.sizes:
            self.sizes[number] = _leaves(template.get("boundaries"))
        if self.sizes[number] > self.left:
            raise Fault(
                "model_geometry",
                f"template {number} of {self.sizes[number]:,} corners is shown once too often: "
                f"at most {MOST_INSTANCED:,} corners of templates are drawn of one document",
            )
        self.left -= self.sizes[number]


@dataclass(frozen=True, slots=True)
class Context:
    """What the geometries of a file share. vertices: (n, 3), its frame; templates: geometries with vertices (m, 3).

    moved: how the vertices get to where they stand: a matrix (3, 3) and what is added then; None: they stand there.
    """

    vertices: FloatArray
    palette: Palette
    templates: Sequence[Any]
    template_vertices: FloatArray
    allowance: Allowance = field(default_factory=Allowance)
    moved: tuple[FloatArray, FloatArray] | None = None

    def at(self, index: Sequence[int]) -> FloatArray:
        """Where vertices are: (m, 3)."""
        found = self.vertices[list(index)]
        if self.moved is None:
            return found
        turn, place = self.moved
        with np.errstate(all="ignore"):
            return np.asarray(found @ turn.T + place)


def _leaves(nested: Any) -> int:
    """How many values nested lists hold, however deep."""
    count, waiting = 0, [nested]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        else:
            count += 1
    return count


def triples(listed: Any) -> FloatArray:
    """Positions (n, 3) of a list of triples; what is none of three numbers is NaN, so that it costs only what uses it."""
    if not isinstance(listed, list) or not listed:
        return np.zeros((0, 3))
    try:
        found = np.array(listed, dtype=np.float64)
        if found.ndim == 2 and found.shape[1] == 3:
            return found
    except (ValueError, TypeError, OverflowError):
        pass
    return np.array([_triple(one) for one in listed], dtype=np.float64)


def _triple(one: Any) -> list[float]:
    try:
        found = [float(v) for v in one]
    except (ValueError, TypeError, OverflowError):
        found = []
    return found if len(found) == 3 else [np.nan] * 3


def read_geometry(geometry: Any, context: Context, notes: list[Note], of: str | None) -> Piece | None:
    """The piece that a geometry is; None of one that has no surfaces (points, lines), which is noted.

    What it says of its surfaces is left out, and noted, where it does not fit them. Raises Fault where its boundaries
    cannot be made out.
    """
    if not isinstance(geometry, dict):
        raise Fault("model_geometry", f"a {type(geometry).__name__} where a geometry should be")
    kind = geometry.get("type")
    if kind == "GeometryInstance":
        geometry, context = _instance(geometry, context)
        kind = geometry.get("type")
    if kind in ("MultiPoint", "MultiLineString"):
        notes.append(("surface_missing", f"a {kind}, which has no surfaces", "left out"))
        return None
    if not isinstance(kind, str) or kind not in DEPTH:
        raise Fault("model_geometry", f"a geometry of type {str(kind)[:40]!r}; expected one of {', '.join(DEPTH)}")
    surfaces, shells = flatten(geometry.get("boundaries"), kind)
    rings = [_rings(surface, len(context.vertices)) for surface in surfaces]
    sizes = [[len(ring) for ring in surface] for surface in rings]
    semantics = _kept(lambda: _semantics(geometry, kind, shells, len(rings)), None, "semantics", notes)
    look = _kept(lambda: appearance(geometry, context.palette, kind, shells, sizes), {}, "appearance", notes)
    whole = Piece(kind, np.zeros(0, dtype=object), shells, semantics, look, of, _lod(geometry))
    return _drawn(whole, rings, context, notes)


def _lod(geometry: Mapping[str, Any]) -> str:
    lod = geometry.get("lod", "")
    return f"{lod:g}" if isinstance(lod, int | float) and not isinstance(lod, bool) else str(lod)[:20]


def _kept(read: Any, without: Any, what: str, notes: list[Note]) -> Any:
    """What is read, or, where it does not fit the surfaces, nothing but a note."""
    try:
        return read()
    except Fault as fault:
        notes.append((fault.code, f"{what}: {fault}", "left out"))
        return without


def _instance(geometry: Mapping[str, Any], context: Context) -> tuple[Mapping[str, Any], Context]:
    """A template as a geometry of its own, moved to where it stands (clause 3.4)."""
    number, at, matrix = (geometry.get(k) for k in ("template", "boundaries", "transformationMatrix"))
    if type(number) is not int or not 0 <= number < len(context.templates):
        raise Fault("model_geometry", f"template {str(number)[:20]} of {len(context.templates)}")
    template = context.templates[number]
    if not isinstance(template, dict) or template.get("type") == "GeometryInstance":
        raise Fault("model_geometry", f"template {number} is no geometry")
    if not isinstance(at, list) or len(at) != 1:
        raise Fault("model_geometry", "an instance without the one vertex that it stands at")
    place = context.vertices[_inside(at[0], len(context.vertices))]
    try:
        turn = np.array(np.eye(4) if matrix is None else matrix, dtype=np.float64).reshape(4, 4)
    except (ValueError, TypeError):
        raise Fault("model_geometry", "a transformation matrix that is not 16 numbers") from None
    context.allowance.take(number, template)
    return template, replace(context, vertices=context.template_vertices, moved=(turn[:3, :3], turn[:3, 3] + place))


def _rings(surface: Any, count: int) -> list[list[int]]:
    """The rings of a surface as vertices, without the repeated last one. Raises Fault."""
    if not isinstance(surface, list):
        raise Fault("model_geometry", "a surface that is no list of rings")
    found = []
    for ring in surface:
        if not isinstance(ring, list):
            raise Fault("model_geometry", "a ring that is no list of vertices")
        for index in ring:
            _inside(index, count)
        found.append(ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring)
    return found


def _inside(index: Any, count: int) -> int:
    if type(index) is not int or not 0 <= index < count:
        raise Fault("vertex_unknown", f"vertex {str(index)[:20]} of {count}")
    return index


def _semantics(geometry: Mapping[str, Any], kind: str, shells: Shells, count: int) -> dict[str, Any] | None:
    told = geometry.get("semantics")
    if told is None:
        return None
    surfaces = told.get("surfaces") if isinstance(told, dict) else None
    if not isinstance(surfaces, list) or not all(
        isinstance(s, dict) and isinstance(s.get("type"), str) for s in surfaces
    ):
        raise Fault("model_mismatch", "surfaces that do not say what they are")
    values = spread(told.get("values"), kind, shells, count)
    for value in values:
        if value is not None and (type(value) is not int or not 0 <= value < len(surfaces)):
            raise Fault("model_mismatch", f"surface {str(value)[:20]} of {len(surfaces)}")
    return {"surfaces": surfaces, "values": values}


def _drawn(whole: Piece, rings: list[list[list[int]]], context: Context, notes: list[Note]) -> Piece | None:
    """The piece with its polygons; surfaces without a ring of three corners are left out, with all that is said of them."""
    kept = [bool(surface) and all(len(ring) > 2 for ring in surface) for surface in rings]
    piece = whole
    if not all(kept):
        lost = len(kept) - sum(kept)
        notes.append(("surface_unreadable", f"{lost} surfaces with a ring of fewer than three corners", "left out"))
        piece = chosen(whole, kept)
        rings = [surface for surface, is_kept in zip(rings, kept, strict=True) if is_kept]
    if not rings:
        return None
    corners = [[*ring, ring[0]] for surface in rings for ring in surface]
    xyz = context.at([index for ring in corners for index in ring])
    if not (np.abs(xyz) < _FARTHEST).all():
        raise Fault("coordinates_not_finite", "a vertex whose coordinates are no numbers, or beyond all measure")
    lines: Any = shapely.linearrings(xyz, indices=np.repeat(np.arange(len(corners)), [len(ring) for ring in corners]))
    owner = np.repeat(np.arange(len(rings)), [len(surface) for surface in rings])
    return replace(piece, polygons=np.asarray(shapely.polygons(lines, indices=owner)))


def chosen(piece: Piece, kept: Sequence[bool]) -> Piece:
    """A piece's surfaces without those that are not kept (their polygons apart); shells that are left empty go too."""
    flags = nest(kept, piece.kind, piece.shells)
    shells: Shells = ()
    if DEPTH[piece.kind]:
        solids = flags if DEPTH[piece.kind] == 2 else [flags]
        counts = [tuple(count for shell in solid if (count := sum(shell))) for solid in solids]
        shells = tuple(count for count in counts if count)

    def left(values: Sequence[Any]) -> list[Any]:
        return [value for value, is_kept in zip(values, kept, strict=True) if is_kept]

    semantics = piece.semantics and {**piece.semantics, "values": left(piece.semantics["values"])}
    look = dict(piece.appearance)
    for what in ("material", "texture"):
        if what in look:
            look[what] = {theme: left(values) for theme, values in look[what].items()}
    return replace(piece, shells=shells, semantics=semantics, appearance=look)
