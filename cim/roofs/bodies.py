"""Closed bodies of buildings with their roofs: walls, undersides of eaves and roof of every footprint, by form."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cim.geometry import Rings, snap
from cim.mesh import Mesh, extrude, ground_faces, join, walls, without
from cim.roofs import fitting
from cim.roofs.cones import cones, ring_at
from cim.roofs.eaves import half_spans, of_vertices, rows_of, sides_of, soffit, widen
from cim.roofs.fitting import GABLED, POINTED, RIDGED, Fit, fit
from cim.roofs.frames import Frames, frame, roofs
from cim.roofs.gables import SHORTEST_RIDGE_M
from cim.roofs.heights import Heights
from cim.roofs.profiles import BENT_FROM_RISE_M, HOLLOW, ROUND_RIDGE, WINGED, Profile, hollows, rounds
from cim.roofs.sheds import sheds, slopes
from cim.roofs.templates import GABLE_FROM, faceted, nodes_of, template, turned
from cim.roofs.tiers import MOST_TIERS, Stacked, set_back, stack, stepped, top_share
from cim.roofs.upturn import MOST_CORNERS, even, turns_up, wings
from cim.types import BoolArray, FloatArray, IntArray, RoofForm

_LEAST_OVERHANG_M = 1.0 / 16.0
_TIERED = (RoofForm.hip, RoofForm.hip_and_gable, RoofForm.pyramidal, RoofForm.conical)
_FLUSH = (RoofForm.flush_gable, RoofForm.round_ridge)
_HANGING = (*POINTED, *RIDGED)


@dataclass(frozen=True, slots=True)
class Bodied:
    """Bodies with the roofs they got. form: (n,) `RoofForm` codes. reasons: source row -> what is not as it was asked for,
    and why. eaves, high: (n,) heights of the lowest eaves and of the ridge, as built.

    failed: source rows without a body, because their footprints cannot be triangulated.
    """

    mesh: Mesh
    form: npt.NDArray[np.uint8]
    reasons: dict[int, str]
    failed: IntArray
    eaves: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is settled in plan, before heights: how far eaves reach, tiers and their step, frames and single slopes.

    half_span: (n,) of the topmost roof. span: (n,) over which the roof rises at its pitch. upturned: (n,) whether corners of
    the eaves turn up.
    """

    reach: FloatArray
    tiers: IntArray
    step: FloatArray
    frames: Frames
    half_span: FloatArray
    span: FloatArray
    upturned: BoolArray


def raise_bodies(
    shape: Rings,
    low: FloatArray,
    eaves: FloatArray,
    high: FloatArray,
    form: npt.NDArray[np.uint8],
    overhang_m: FloatArray,
    *,
    ground: bool = False,
    pitch_deg: FloatArray | None = None,
    tiers: npt.NDArray[np.uint8] | None = None,
    curved: BoolArray | None = None,
) -> Bodied:
    """Bodies of all footprints, each with the roof of its form, or the simpler one that fits.

    shape: cleaned, wound rings on the lattice. low, eaves, high: (n,) heights of the foot of the walls, the (lowest) eaves
    and the ridge, metres; form: (n,) codes; overhang_m: (n,) how far pitched roofs reach beyond the walls; by source row.
    pitch_deg: (n,) makes the ridge from the eaves or the eaves from the ridge where the other is NaN. tiers: (n,) eaves
    above one another, 0 and 1 the same. curved: (n,) whether roofs of some size are hollow towards the ridge, with corners
    that turn up.
    """
    count = len(form)
    pitch_deg = np.full(count, np.nan) if pitch_deg is None else pitch_deg
    tiers = np.ones(count, dtype=np.uint8) if tiers is None else tiers
    curved = np.zeros(count, dtype=np.bool_) if curved is None else curved
    heights = Heights(low, eaves, high, pitch_deg)
    got = fit(shape, form, heights.rises(), heights.pitches_used())
    if not got.rows(*_HANGING, RoofForm.shed).any():
        high = heights.settled(np.full(count, np.nan)).high
        mesh, failed = extrude(shape, low, high, ground=ground)
        return Bodied(mesh, got.form, got.reasons, failed, high, high)
    hanging = (overhang_m >= _LEAST_OVERHANG_M) & got.rows(*_HANGING)
    plan = _planned(shape, got, np.where(hanging, overhang_m, 0.0), tiers.astype(np.int64), curved)
    heights = heights.settled(plan.span)
    eaves, high = heights.eaves, heights.high
    plan.upturned[high - eaves < BENT_FROM_RISE_M] = False
    lower = stack(shape, plan.tiers, plan.step, plan.reach, low, eaves, high, plan.upturned)
    rise = high - lower.eaves
    narrow = got.rows(RoofForm.round_ridge) & ~rounds(plan.half_span, rise)
    got.settle(narrow, RoofForm.flush_gable, fitting.NOT_SO_SMALL)
    meshes, failed = _raised(lower, got, plan, high, hollows(plan.half_span, rise, curved))
    if ground:
        meshes.append(ground_faces(shape.keep(~np.isin(shape.feature, failed)), low))
    eaves = np.where(got.form == RoofForm.flat, high, eaves)
    return Bodied(join(*meshes), got.form, got.reasons, failed, eaves, high)


def _planned(shape: Rings, got: Fit, reach: FloatArray, tiers: IntArray, curved: BoolArray) -> _Plan:
    """Settles the plan of all roofs; forms that come to nothing are set to simpler ones."""
    tiers = np.clip(tiers, 1, MOST_TIERS)
    single = (tiers > 1) & got.rows(*RIDGED, RoofForm.shed) & ~got.rows(*_TIERED)
    got.tell(single, fitting.ONE_TIER)
    tiers[~got.rows(*_TIERED)] = 1
    step, narrow = set_back(shape, tiers, reach)
    got.tell(narrow, fitting.NARROW_TIERS)
    tiers[narrow] = 1
    inner = stepped(shape, tiers - 1, step)
    frames = frame(_framed_part(inner, got), got.form, reach)
    _settle_frames(got, frames)
    reach = reach.copy()
    reach[frames.tight] = 0.0
    half_span = np.where(np.isnan(frames.half_span), half_spans(inner, len(tiers)) + reach, frames.half_span)
    span = np.where(got.rows(RoofForm.shed), slopes(shape, len(tiers)).span, half_span / top_share(tiers))
    winged = (got.rows(RoofForm.hip, RoofForm.hip_and_gable) & got.rectangle) | _evenly_pointed(shape, got)
    upturned = turns_up(inner, reach, half_span, curved & winged)
    return _Plan(reach, tiers, step, frames, half_span, np.where(got.form == RoofForm.flat, np.nan, span), upturned)


def _evenly_pointed(shape: Rings, got: Fit) -> BoolArray:
    count = len(got.form)
    few = np.bincount(shape.feature_of_vertex(), minlength=count) <= MOST_CORNERS
    pointed = got.rows(*POINTED) & few
    return pointed & even(_of(shape, pointed), count)


def _framed_part(shape: Rings, got: Fit) -> Rings:
    return rows_of(shape, np.flatnonzero(got.rows(*RIDGED) & ~got.rectangle))


def _settle_frames(got: Fit, frames: Frames) -> None:
    """Tells of roofs over no rectangle that did not come out as they were asked for."""
    got.settle(frames.unframed[got.convex[frames.unframed]], RoofForm.pyramidal, fitting.TOO_INVOLVED)
    got.settle(frames.unframed[~got.convex[frames.unframed]], RoofForm.flat, fitting.TOO_INVOLVED)
    got.tell(frames.tight, fitting.TIGHT)
    mine = np.isfinite(frames.half_span)
    # Round a courtyard the ridge of a gable roof runs round as well: there is no end to stand up.
    wall, count = frames.wall, len(mine)
    yards = np.bincount(wall.feature[wall.polygon], minlength=count) > np.bincount(wall.feature, minlength=count)
    endless = got.rows(*GABLED) & (frames.ends == 0) & ~(yards & ~got.rows(RoofForm.hip_and_gable))
    got.settle(mine & endless, RoofForm.hip, fitting.NO_ENDS)
    got.settle(mine & got.rows(RoofForm.round_ridge), RoofForm.flush_gable, fitting.NOT_ROUNDED)


# --- meshes ----------------------------------------------------------------------------------------------------------


def _raised(lower: Stacked, got: Fit, plan: _Plan, high: FloatArray, bends: IntArray) -> tuple[list[Mesh], IntArray]:
    """The topmost storeys with their roofs, over what stands below them, and the source rows that cannot be built."""
    shape, low, eaves = lower.shape, lower.low, lower.eaves
    framed, lost = roofs(plan.frames, eaves, high)
    got.settle(lost[got.convex[lost]], RoofForm.pyramidal, fitting.TOO_INVOLVED)
    got.settle(lost[~got.convex[lost]], RoofForm.flat, fitting.TOO_INVOLVED)
    standing = ~np.isin(plan.frames.wall.feature, lost)
    wall, edge = plan.frames.wall.keep(standing), plan.frames.edge.keep(standing)
    mesh, failed = extrude(_of(shape, got.rows(RoofForm.flat)), low, high)
    meshes = [*lower.meshes, mesh, framed, walls(wall, low, eaves), soffit(wall, edge, eaves)]
    single = _of(shape, got.rows(RoofForm.shed))
    leaning, fallen = _leaning(single, low, eaves, high)
    meshes += leaning
    pointed = _of(shape, got.rows(*POINTED))
    meshes += [walls(pointed, low, eaves), *_pointed(pointed, plan, eaves, high, bends)]
    ridged = _of(shape, got.rows(*RIDGED) & got.rectangle)
    meshes.append(walls(ridged, low, eaves))
    for form in (form for form in RIDGED if form in got.form[ridged.feature]):
        of_form = _of(ridged, got.rows(form))
        for profile, rows in _profiles(form, bends, plan.upturned):
            part = _of(of_form, rows)
            if len(part.feature) == 0:
                continue
            hangs = plan.reach > 0
            for chosen in (~hangs, hangs & ~plan.upturned):
                meshes += _ridged(_of(part, chosen), form, profile, plan.reach, eaves, high)
            meshes += _ridged(_of(part, plan.upturned), form, profile, plan.reach, eaves, high, upturned=True)
    return meshes, np.union1d(failed, fallen)


def _of(shape: Rings, rows: BoolArray) -> Rings:
    return shape.keep(rows[shape.feature])


def _profiles(form: RoofForm, bends: IntArray, upturned: BoolArray) -> list[tuple[Profile, BoolArray]]:
    """The profiles that roofs of a form have, each with its rows (n,)."""
    if form is RoofForm.round_ridge:
        return [(ROUND_RIDGE, bends >= 0)]
    straight = [(HOLLOW[0], (bends == 0) & ~upturned), (WINGED, (bends == 0) & upturned)]
    return straight + [(profile, bends == k) for k, profile in enumerate(HOLLOW) if k]


def _leaning(shape: Rings, low: FloatArray, eaves: FloatArray, high: FloatArray) -> tuple[list[Mesh], IntArray]:
    if len(shape.feature) == 0:
        return [], np.zeros(0, dtype=np.int64)
    meshes, failed = sheds(shape, slopes(shape, len(eaves)), eaves, high)
    meshes.append(walls(shape, low, eaves))
    return ([without(mesh, failed) for mesh in meshes] if len(failed) else meshes), failed


def _pointed(shape: Rings, plan: _Plan, eaves: FloatArray, high: FloatArray, bends: IntArray) -> list[Mesh]:
    """Undersides and cones over convex rings."""
    edge = widen(shape, of_vertices(shape, plan.reach))
    few = np.bincount(shape.feature_of_vertex(), minlength=len(bends)) <= MOST_CORNERS
    meshes = [soffit(_of(shape, ~plan.upturned), _of(edge, ~plan.upturned), eaves)]
    for profile, rows in _profiles(RoofForm.pyramidal, np.where(few, bends, 0), plan.upturned):
        level, raised = _of(edge, rows & ~plan.upturned), _of(edge, rows & plan.upturned)
        meshes.append(cones(level, profile, eaves, high))
        if len(raised.feature):
            meshes += _winged(_of(shape, rows & plan.upturned).xy, raised, profile, plan.reach, eaves, high)
    return meshes


def _winged(
    wall: FloatArray, edge: Rings, profile: Profile, reach: FloatArray, eaves: FloatArray, high: FloatArray
) -> list[Mesh]:
    """Undersides and cones whose corners turn up."""
    above, inner = snap(eaves + profile.height[1] * (high - eaves)), ring_at(edge, profile.share[1])
    return [*wings(edge, wall, inner, reach, eaves, above), cones(edge, profile, eaves, high, begin=1)]


def _ridged(
    shape: Rings,
    form: RoofForm,
    profile: Profile,
    reach: FloatArray,
    eaves: FloatArray,
    high: FloatArray,
    *,
    upturned: bool = False,
) -> list[Mesh]:
    """Undersides and roofs over rectangles, all with eaves or all without, all turned up at their corners or none."""
    if len(shape.feature) == 0:
        return []
    quads = turned(shape.xy.reshape(-1, 4, 2))
    side = np.repeat(reach[shape.feature], 4).reshape(-1, 4)
    flush = form in _FLUSH
    if flush:
        side[:, [1, 3]] = 0.0
    wall = Rings(quads.reshape(-1, 2), shape.start, shape.polygon, shape.feature)
    edge = widen(wall, side.ravel())
    roof = template(profile, GABLE_FROM[form], stands_on_walls=flush and bool(side.any()), upturned=upturned)
    meshes = [] if upturned else [soffit(wall, edge, eaves)]
    if form is RoofForm.hip:
        sides = sides_of(edge.xy.reshape(-1, 4, 2))
        square = (sides[:, 0] + sides[:, 2] - sides[:, 1] - sides[:, 3]) / 2.0 < SHORTEST_RIDGE_M
        if upturned:
            meshes += _winged(wall.keep(square).xy, edge.keep(square), profile, reach, eaves, high)
        else:
            meshes.append(cones(edge.keep(square), profile, eaves, high))
        wall, edge = wall.keep(~square), edge.keep(~square)
    xy, z = nodes_of(roof, edge.xy.reshape(-1, 4, 2), wall.xy.reshape(-1, 4, 2), edge.feature, eaves, high)
    if upturned:
        above = snap(eaves + roof.nodes[4, 3] * (high - eaves))
        meshes += wings(edge, wall.xy, xy[:, 4:8].reshape(-1, 2), reach, eaves, above)
    return [*meshes, faceted(xy, z, roof.faces, edge.feature)]
