"""The bodies of buildings on their way out: surfaces as delivered, else raised from footprint, heights and roof form."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from cim import crs as frames
from cim.boundary import Boundary
from cim.errors import BadInput
from cim.exports.faces import faces, solids
from cim.geometry import LATTICE_M, anchors, clean, rings, snap, wind
from cim.roofs import raise_bodies
from cim.store.records import BODY, GEOMETRY
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray, RoofForm

SURFACES = "cim_surfaces"
"""Where the surfaces of a body are from: `delivered`, or `form` (raised from footprint, heights and roof form)."""

GROUND = "cim_ground"
"""Where the height that it stands at is from: `given` with the building, `dem`, or `unknown`: then it stands at 0."""

COLUMNS = (*BODY, SURFACES, GROUND)
"""What a batch for a model format has behind its geometry."""

Page = Mapping[str, Sequence[Any]]
Ground = Callable[[FloatArray], FloatArray]
"""Heights (n,) of the ground, city datum, at points (n, 2) of the city frame; NaN where it is not known."""


def with_bodies(pages: Iterator[dict[str, Sequence[Any]]], ground: Ground, source: str, target: str) -> Iterator[Page]:
    """Pages in which every building has its surfaces: `BODY` filled, heights of the city datum, plan in `target`.

    source: the city frame. Raises BadInput for a place that the target frame cannot hold.
    """
    for page in pages:
        footprints = shapely.from_wkb(np.array([*page[GEOMETRY], None], dtype=object)[:-1])
        base, whence = _base(page["base_m"], footprints, ground)
        bodies = [_delivered(page, row) for row in range(len(base))]
        without = np.array([body is None for body in bodies], dtype=np.bool_)
        raised = _raised(page, footprints, base, without)
        standing = (raised.get(row) if one is None else _standing(one, base[row]) for row, one in enumerate(bodies))
        told = [stored(None if one is None else _moved(one, source, target)) for one in standing]
        surfaces = ["form" if one else "delivered" for one in without.tolist()]
        yield {**page, **dict(zip(BODY, zip(*told, strict=True), strict=True)), SURFACES: surfaces, GROUND: whence}


def _base(given: Sequence[float | None], footprints: ObjectArray, ground: Ground) -> tuple[FloatArray, list[str]]:
    """The height that each body stands at, 0 where nobody knows, and where it is from."""
    base = np.array([np.nan if value is None else value for value in given], dtype=np.float64)
    missing = np.isnan(base)
    if missing.any():
        base[missing] = ground(anchors(footprints[missing]))
    known = np.isfinite(base)
    whence = np.where(~missing, "given", np.where(known, "dem", "unknown")).tolist()
    return np.where(known, base, 0.0), whence


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


def _raised(page: Page, footprints: ObjectArray, base: FloatArray, wanted: BoolArray) -> dict[int, Boundary]:
    """Row -> its body; none of a footprint that cannot be cut into triangles."""
    rows = np.flatnonzero(wanted)
    outlines = rings(footprints[rows])
    shape = clean(wind(replace(outlines, xy=snap(outlines.xy))))
    if not len(shape.feature):
        return {}
    low = snap(base[rows])
    height = _numbers(page["height_m"], rows)
    eaves = _numbers(page["eaves_m"], rows)
    eaves = np.where(np.isfinite(eaves), np.clip(eaves, 0.0, height), height)
    high = np.maximum(snap(low + height), low + LATTICE_M)
    form = np.array([RoofForm[page["roof_form"][row] or "flat"] for row in rows.tolist()], dtype=np.uint8)
    body = raise_bodies(shape, low, snap(low + eaves), high, form, np.zeros(len(rows)), ground=True)
    found = faces(body.mesh, len(rows))
    return {
        row: _bound(polygons, surface)
        for row, (polygons, surface) in zip(rows.tolist(), found, strict=True)
        if len(polygons)
    }


def _bound(polygons: ObjectArray, surface: IntArray) -> Boundary:
    """Faces as the solids that they close; as mere surfaces where they leave a gap."""
    solid = solids(polygons)
    order = [] if solid is None else [face for one in solid for face in one]
    codes = surface.astype(np.uint8)
    if solid is None:
        return Boundary(polygons, codes)
    kind = "Solid" if len(solid) == 1 else "MultiSolid"
    return Boundary(polygons[order], codes[order], kind, tuple((len(one),) for one in solid))


def _numbers(values: Sequence[float | None], rows: Any) -> FloatArray:
    return np.array([np.nan if values[row] is None else values[row] for row in rows], dtype=np.float64)


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
