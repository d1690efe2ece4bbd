"""Assemblies raised on footprints: which buildings can be built of their parts, why the others cannot, and the solids."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cim.assembly.frames import Axes, axes, faced
from cim.assembly.halls import InCity, halls
from cim.assembly.parts import Parts
from cim.assembly.pieces import Placed, pieces
from cim.assembly.skirts import skirted, skirts, with_undersides
from cim.assembly.solids import NO_MESH, drawn_out, lofted, together
from cim.assembly.soundness import unsound
from cim.geometry import snap
from cim.mesh import Mesh
from cim.types import FloatArray, IntArray, ObjectArray

LEAST_FILL = 0.7
"""A footprint that covers less of its smallest rectangle is none that parts fit (the project's own default: a circle
covers 0.79 of it, a hexagon 0.75, an L about 0.6)."""
UNKNOWN = "assembly_unknown"
UNFIT = "assembly_unfit"


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """Buildings built of parts. mesh: `feature` counts the buildings that were given. solid: (v,) which closed solid,
    counted over all, a vertex belongs to. reasons: building -> code and why it is not built; it has nothing in the mesh.
    notes: building -> what of it came out simpler than its parts ask for.
    """

    mesh: Mesh
    solid: IntArray
    reasons: dict[int, tuple[str, str]]
    notes: dict[int, str]


def raise_assemblies(
    parts: Parts,
    assembly: ObjectArray,
    footprints: ObjectArray,
    foot: FloatArray,
    base: FloatArray,
    top: FloatArray,
    *,
    slope: FloatArray | None = None,
    closed: bool = False,
) -> Assembled:
    """Buildings (n,) as their assemblies have it, every part one or more solids that are closed and turned outward.

    assembly: names, `name@bearing` where the front faces a stated way. footprints: polygons in the city frame, metres. foot,
    base, top: heights of the foot of the walls, of the ground and of the building, in one height system; on the lattice, as
    all corners are. slope: (n, 2) how much all of that rises a metre to the east and to the north, with the base that of the
    middle; None: level. closed: with the faces that nobody can see, as solids need and drawing does not. Nothing raises for
    a building that cannot be built: it is left out, with its reason.
    """
    named = [faced(str(name)) for name in assembly.tolist()]
    reasons = _unknown(parts, [name for name, _ in named])
    frames = axes(footprints, np.array([bearing for _, bearing in named], dtype=np.float64).reshape(-1))
    for row in np.flatnonzero(~(frames.fill >= LEAST_FILL)).tolist():
        told = f"its footprint covers {100.0 * frames.fill[row]:.0f} % of its smallest rectangle, less than"
        reasons.setdefault(row, (UNFIT, f"{told} {100.0 * LEAST_FILL:.0f} %"))
    owner, part = _pairs(parts, [name for name, _ in named], reasons)
    placed = _placed(parts, owner, part, frames, foot - base, top - base)
    spoilt = unsound(placed, frames.size[owner])
    for pair, why in spoilt.items():
        reasons.setdefault(int(owner[pair]), (UNFIT, f"part {parts.part[part[pair]]!r} {why}"))
    good = ~np.isin(owner, np.array(list(reasons), dtype=np.int64))
    owner = owner[good]
    placed = _placed(parts, owner, part[good], frames, foot - base, top - base)
    slope = np.zeros((len(base), 2)) if slope is None else slope
    return _built(placed, owner, frames, base, slope, reasons, closed=closed)


def raise_assembly(
    parts: Parts, assembly: str, footprint: object, foot: float, base: float, top: float
) -> tuple[Mesh, IntArray] | None:
    """The closed solids of one building, `feature` counting them; None where it cannot be built. As `raise_assemblies`."""
    one = np.empty(1, dtype=object)
    one[0] = footprint
    heights = (np.array([value], dtype=np.float64) for value in (foot, base, top))
    built = raise_assemblies(parts, np.array([assembly], dtype=object), one, *heights, closed=True)
    return None if built.reasons else (by_solid(built.mesh, built.solid), np.unique(built.solid))


def by_solid(mesh: Mesh, solid: IntArray) -> Mesh:
    """The mesh with `feature` the solid (v,) of each vertex, in rising order, instead of the building."""
    order = np.argsort(solid, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    triangles = place[mesh.triangles[np.argsort(solid[mesh.triangles[:, 0]], kind="stable")]]
    rest = (mesh.point[order], mesh.z[order], mesh.normal[order], mesh.surface[order], solid[order])
    return Mesh(mesh.xy, *rest, triangles)


def _unknown(parts: Parts, names: Sequence[str]) -> dict[int, tuple[str, str]]:
    known = set(parts.assembly.tolist())
    reasons = {}
    for row, name in enumerate(names):
        if name in parts.broken:
            reasons[row] = (UNFIT, parts.broken[name])
        elif name not in known:
            reasons[row] = (UNKNOWN, f"the table of parts has no assembly {name!r}")
    return reasons


def _pairs(parts: Parts, names: Sequence[str], reasons: dict[int, tuple[str, str]]) -> tuple[IntArray, IntArray]:
    """Every part of every building that has no reason against it: the building, and the part."""
    first: dict[str, int] = {}
    count: dict[str, int] = {}
    for row, name in enumerate(parts.assembly.tolist()):
        first.setdefault(name, row)
        count[name] = count.get(name, 0) + 1
    rows = [row for row in range(len(names)) if row not in reasons]
    sizes = np.array([count[names[row]] for row in rows], dtype=np.int64)
    begins = np.array([first[names[row]] for row in rows], dtype=np.int64)
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(np.array(rows, dtype=np.int64), sizes), np.repeat(begins, sizes) + within


def _placed(
    parts: Parts, owner: IntArray, part: IntArray, frames: Axes, foot: FloatArray, height: FloatArray
) -> Placed:
    """Shares and metres on each building's sides and height."""
    size = frames.size[owner]
    whole = np.column_stack([size[:, 0], size[:, 0], size[:, 1], size[:, 1], height[owner], height[owner]])
    bound = parts.share[part] * whole + parts.metres[part]
    return Placed(parts, part, bound[:, :4], np.maximum(bound[:, 4], 0.0), bound[:, 5], foot[owner])


def _standing(owner: IntArray, frames: Axes, base: FloatArray, slope: FloatArray) -> InCity:
    """What puts corners of pairs where their rows stand: on their base, which falls by its slope about the middle."""

    def in_city(plan: FloatArray, height: FloatArray, pair: IntArray) -> FloatArray:
        """Corners (n, …, 3) on the lattice of the city frame, of plans (n, …, 2) and heights (n, …) of these pairs."""
        row = owner[pair]
        shape = (len(row), *[1] * (plan.ndim - 2), 2)
        origin, along, back = (one[row].reshape(shape) for one in (frames.origin, frames.along, frames.back))
        xy = origin + plan[..., :1] * along + plan[..., 1:] * back
        half = frames.size[row].reshape(shape) / 2.0
        off = (plan[..., :1] - half[..., :1]) * along + (plan[..., 1:] - half[..., 1:]) * back
        rise = np.sum(off * slope[row].reshape(shape), axis=-1)
        z = np.broadcast_to(height, plan.shape[:-1]) + base[row].reshape(shape[:-1]) + rise
        return np.concatenate([snap(xy), snap(z)[..., None]], axis=-1)

    return in_city


def _built(
    placed: Placed,
    owner: IntArray,
    frames: Axes,
    base: FloatArray,
    slope: FloatArray,
    reasons: dict[int, tuple[str, str]],
    *,
    closed: bool,
) -> Assembled:
    in_city = _standing(owner, frames, base, slope)
    lofts, drawn = pieces(placed)
    made = []
    for loft in lofts:
        turned = skirts(loft)
        level, raised = loft.keep(~turned), with_undersides(loft.keep(turned)) if turned.any() else None
        if len(level):
            made.append(lofted(level, in_city(level.plan, level.height[:, :, None], level.pair), closed=closed))
        if raised is not None:
            made.append(skirted(raised, in_city(raised.plan, raised.height[:, :, None], raised.pair)))
    for one in drawn:
        profile = np.repeat(one.profile[:, None], 2, axis=1)
        plan = np.stack([profile[..., 0], np.broadcast_to(one.depth[:, :, None], profile.shape[:-1])], axis=-1)
        made.append(drawn_out(one, in_city(plan, profile[..., 1], one.pair)))
    notes: dict[int, str] = {}
    hall = halls(placed, in_city, closed=closed)
    if hall is not None:
        made.append((hall.mesh, hall.pair))
        notes = {int(owner[hall.pair[k]]): why for k, why in sorted(hall.reasons.items(), reverse=True)}
    if not made:
        return Assembled(NO_MESH, np.zeros(0, dtype=np.int64), reasons, notes)
    mesh, solid = together(made, owner, placed.parts.material[placed.part])
    return Assembled(mesh, solid, reasons, notes)
