"""The bodies of buildings on their way out: surfaces as delivered, else raised from footprint, heights and roof form."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from cim import crs as frames
from cim.assembly import NO_PARTS, Parts
from cim.assembly.raising import by_solid
from cim.boundary import Boundary
from cim.errors import BadInput
from cim.exports.faces import faces, solids
from cim.exports.standing import Grounds, Stands, stands
from cim.roofs import Roofs
from cim.solids import Solids, Stood, asking_parts, raise_solids
from cim.store import told_numbers
from cim.store.records import BODY, GEOMETRY
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray, RoofForm, Use

SURFACES = "cim_surfaces"
"""Where the surfaces of a body are from: `delivered`, `assembly` (built of the parts that it names), or `form` (raised from
footprint, heights and roof form)."""

GROUND = "cim_ground"
"""Where the height that it stands at is from, in the words of `cim.exports.standing`."""

COLUMNS = (*BODY, SURFACES, GROUND)
"""What a batch for a model format has behind its geometry."""

Page = Mapping[str, Sequence[Any]]


def with_bodies(
    pages: Iterator[dict[str, Sequence[Any]]], grounds: Grounds, source: str, target: str, parts: Parts = NO_PARTS
) -> Iterator[Page]:
    """Pages in which every building has its surfaces: `BODY` filled, heights of the city datum, plan in `target`.

    grounds: what tells heights of the city datum. source: the city frame. parts: what assemblies are made of. Raises
    BadInput for a place that the target frame cannot hold.
    """
    for page in pages:
        footprints = shapely.from_wkb(np.array([*page[GEOMETRY], None], dtype=object)[:-1])
        ground = stands(page["base_m"], footprints, page["assembly"], parts, grounds)
        bodies = [_delivered(page, row) for row in range(len(footprints))]
        without = np.array([body is None for body in bodies], dtype=np.bool_)
        raised = _raised(page, footprints, ground, without, parts)
        based = [None if one is None else _standing(one, ground.base_m[row]) for row, one in enumerate(bodies)]
        whole = (raised.bodies.get(row) if one is None else one for row, one in enumerate(based))
        told = [stored(None if one is None else _moved(one, source, target)) for one in whole]
        surfaces = [raised.whence.get(row, "form") if one else "delivered" for row, one in enumerate(without.tolist())]
        own = {SURFACES: surfaces, GROUND: ground.whence}
        yield {**page, **dict(zip(BODY, zip(*told, strict=True), strict=True)), **own}


def _delivered(page: Page, row: int) -> Boundary | None:
    wkb, semantics, structure, appearance = (page[name][row] for name in BODY)
    if wkb is None:
        return None
    codes, bound, look = (None if text is None else json.loads(text) for text in (semantics, structure, appearance))
    return Boundary.read(wkb, codes, bound or {}, look)


def _standing(body: Boundary, base: float) -> Boundary:
    """The body with absolute heights."""
    if not body.above_base:
        return body
    lift = np.array([0.0, 0.0, base])
    return replace(
        body, polygons=shapely.transform(body.polygons, lambda at: at + lift, include_z=True), above_base=False
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Raised:
    """Row -> its body, and row -> where its surfaces are from; none of a footprint that cannot be cut into triangles."""

    bodies: dict[int, Boundary]
    whence: dict[int, str]


def _raised(page: Page, footprints: ObjectArray, ground: Stands, wanted: BoolArray, parts: Parts) -> _Raised:
    rows = np.flatnonzero(wanted)
    stood = _stood(page, footprints, ground, rows)
    every = np.ones(len(rows), dtype=np.bool_)
    detailed = (stood.told.form != RoofForm.flat) | asking_parts(stood.assembly)
    made = raise_solids(stood, every, detailed, parts)
    bodies = {
        row: _bound(polygons, surface)
        for row, (polygons, surface) in enumerate(faces(made.roofed.mesh, len(rows)))
        if len(polygons)
    }
    bodies |= _of_parts(made)
    whence = {row: "assembly" if made.is_built[row] else "form" for row in bodies}
    at = rows.tolist()
    return _Raised({at[row]: one for row, one in bodies.items()}, {at[row]: one for row, one in whence.items()})


def _stood(page: Page, footprints: ObjectArray, ground: Stands, rows: IntArray) -> Stood:
    """These rows set on their base, which may slope: what is written reaches no deeper."""
    told = Roofs(
        footprint=footprints[rows],
        form=_codes(RoofForm, page["roof_form"], rows),
        use=_codes(Use, page["use"], rows),
        eaves_m=_numbers(page["eaves_m"], rows),
        pitch_deg=_judged(page, "pitch_deg", rows),
        tiers=np.nan_to_num(_judged(page, "eaves_tiers", rows)).astype(np.uint8),
    )
    names = np.array([*(page["assembly"][row] for row in rows.tolist()), None], dtype=object)[:-1]
    return Stood.on(told, names, ground.base_m[rows], _numbers(page["height_m"], rows), ground.slope[rows])


def _of_parts(made: Solids) -> dict[int, Boundary]:
    """What is built of parts: each solid as a solid, for they may touch and stand in each other."""
    if not len(made.solid):
        return {}
    mesh = by_solid(made.built, made.solid)
    number, place = np.unique(mesh.feature, return_inverse=True)
    owner = np.zeros(len(number), dtype=np.int64)
    owner[np.searchsorted(number, made.solid)] = made.built.feature
    found: dict[int, list[tuple[ObjectArray, IntArray]]] = {}
    for row, one in zip(owner.tolist(), faces(replace(mesh, feature=place), len(number)), strict=True):
        found.setdefault(row, []).append(one)
    return {row: _joined(solids) for row, solids in found.items()}


def _joined(parts: Sequence[tuple[ObjectArray, IntArray]]) -> Boundary:
    polygons, surface = (np.concatenate([one[k] for one in parts]) for k in (0, 1))
    kind = "Solid" if len(parts) == 1 else "MultiSolid"
    return Boundary(polygons, surface.astype(np.uint8), kind, tuple((len(one),) for one, _ in parts))


def _bound(polygons: ObjectArray, surface: IntArray) -> Boundary:
    """Faces as the solids that they close; as mere surfaces where they leave a gap."""
    solid = solids(polygons)
    order = [] if solid is None else [face for one in solid for face in one]
    codes = surface.astype(np.uint8)
    if solid is None:
        return Boundary(polygons, codes)
    kind = "Solid" if len(solid) == 1 else "MultiSolid"
    return Boundary(polygons[order], codes[order], kind, tuple((len(one),) for one in solid))


def _codes(names: type[RoofForm] | type[Use], values: Sequence[str | None], rows: IntArray) -> np.ndarray:
    """Codes (n,) uint8 of names; 0 where none is told."""
    return np.array([names[values[row]] if values[row] else 0 for row in rows.tolist()], dtype=np.uint8)


def _numbers(values: Sequence[float | None], rows: Any) -> FloatArray:
    return np.array([np.nan if values[row] is None else values[row] for row in rows], dtype=np.float64)


def _judged(page: Page, name: str, rows: IntArray) -> FloatArray:
    """What rows tell in their JSON; NaN also where it lies out of its column's bounds."""
    return _numbers([told_numbers.told("buildings", name, value) for value in page[name]], rows)


def _moved(body: Boundary, source: str, target: str) -> Boundary:
    if source == target:
        return body
    at = frames.transform(shapely.get_coordinates(body.polygons, include_z=True), source, target)
    if not np.isfinite(at).all():
        raise BadInput(f"some places cannot be written in {frames.label(target)}; expected a CRS that holds the city")
    return replace(body, polygons=shapely.set_coordinates(body.polygons.copy(), at))


def stored(body: Boundary | None) -> tuple[bytes | None, str | None, str | None, str | None]:
    """A body as the columns of `BODY` hold it."""
    if body is None:
        return None, None, None, None
    wkb = shapely.to_wkb(shapely.MultiPolygon(list(body.polygons)), output_dimension=3)
    told = (body.surface.tolist(), body.structure(), dict(body.appearance))
    semantics, structure, appearance = (json.dumps(one, ensure_ascii=False) for one in told)
    return wkb, semantics, structure, appearance
