"""The closed solids of buildings that came without surfaces: of parts, else with a roof, else a block. Pure.

Every solid is held to `cim.validity`: an invalid assembly gives way to the roof form, an invalid roof to the block, and the
reason is told. Tiles, exports and checks all go this one way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cim import mesh as meshes
from cim.assembly import Assembled, Parts, raise_assemblies
from cim.assembly.raising import by_solid
from cim.assembly.solids import NO_MESH
from cim.geometry import LATTICE_M, Rings, snap
from cim.mesh import Mesh
from cim.outlines import outlines
from cim.roofs import Bodied, Roofs, raise_asked
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray, RoofForm
from cim.validity import Finding, check, of_mesh

ASSEMBLY_SIMPLIFIED = "assembly_simplified"
"""The code of a part whose roof does not fit; `cim.assembly` has those of buildings that are not built of parts at all."""
ROOF_SIMPLIFIED = "roof_simplified"
SOLID_INVALID = "solid_invalid"

_EMPTY = 902


@dataclass(frozen=True, slots=True, eq=False)
class Stood:
    """Buildings (n) set on the ground. told: what they say of their roofs. assembly: (n,) names of assemblies or None.

    shape: cleaned, wound outlines on the lattice, `feature` counting the buildings. foot_m, base_m, eaves_m, top_m: (n,)
    heights on the lattice, in one height system: of the foot of the walls, the ground, the eaves and the ridge. slope:
    (n, 2) how much the ground under what is built of parts rises a metre to the east and to the north.
    """

    told: Roofs
    assembly: ObjectArray
    shape: Rings
    foot_m: FloatArray
    base_m: FloatArray
    eaves_m: FloatArray
    top_m: FloatArray
    slope: FloatArray

    @classmethod
    def on(
        cls, told: Roofs, assembly: ObjectArray, base: FloatArray, height_m: FloatArray, slope: FloatArray | None = None
    ) -> "Stood":
        """Footprints as they come, on their base (n,): the walls reach no deeper. height_m: (n,) above it. slope: (n, 2) of
        the base; None: level.
        """
        low = snap(base)
        eaves = np.where(np.isfinite(told.eaves_m), np.clip(told.eaves_m, 0.0, height_m), height_m)
        high = np.maximum(snap(low + height_m), low + LATTICE_M)
        return cls(
            told,
            assembly,
            outlines(told.footprint).shape,
            low,
            low,
            snap(low + eaves),
            high,
            np.zeros((len(base), 2)) if slope is None else slope,
        )


@dataclass(frozen=True, slots=True)
class Note:
    """What of one building is not as it was asked for. row: which. instead: what it is. code: stable, snake_case."""

    row: int
    code: str
    message: str
    instead: str


@dataclass(frozen=True, slots=True, eq=False)
class Solids:
    """The solids of buildings (n). roofed: of those that are not built of parts. built: of the others, `feature` the
    building, and solid: (v,) which closed solid, counted over all, a vertex of it is of. is_built: (n,) which those are.
    """

    roofed: Bodied
    built: Mesh
    solid: IntArray
    is_built: BoolArray
    notes: tuple[Note, ...]


def asking_parts(assembly: ObjectArray) -> BoolArray:
    """Which buildings (n,) name an assembly."""
    return np.array([isinstance(name, str) for name in assembly.tolist()], dtype=np.bool_)


def raise_solids(stood: Stood, rows: BoolArray, detailed: BoolArray, parts: Parts, *, closed: bool = True) -> Solids:
    """The solids of some buildings (n,): in detail where they are `detailed` (n,) too, and blocks of the others.

    parts: what assemblies are made of. closed: with the faces between parts that nobody sees; what is built of parts is
    checked with them in any case. Blocks are what everything gives way to, and are not checked.
    """
    built, is_built, notes = _of_parts(stood, rows & detailed, parts, closed=closed)
    form = np.where(detailed, stood.told.form, RoofForm.flat).astype(np.uint8)
    rest = rows & ~is_built
    body, invalid = _roofed(stood, rest, form, rest & detailed)
    told = (*notes, *_simplified(form, body), *invalid)
    return Solids(body, built.mesh, built.solid, is_built, told)


def faults(made: Solids, rows: BoolArray) -> tuple[Finding, ...]:
    """What is wrong with closed solids as they are, blocks too; `body` the building. rows: (n,) that should have one."""
    found = _roof_faults(made.roofed, rows & ~made.is_built) + _part_faults(made.built, made.solid)
    return tuple(sorted(found, key=lambda finding: (finding.body, finding.code)))


# --- parts -----------------------------------------------------------------------------------------------------------


def _of_parts(
    stood: Stood, wanted: BoolArray, parts: Parts, *, closed: bool
) -> tuple[Assembled, BoolArray, tuple[Note, ...]]:
    """What of these can be built of parts, with `feature` the building, and what is told of all that ask for it."""
    is_built = np.zeros(len(wanted), dtype=np.bool_)
    asked = np.flatnonzero(wanted & asking_parts(stood.assembly))
    if len(asked) == 0:
        return Assembled(NO_MESH, np.zeros(0, dtype=np.int64), {}, {}), is_built, ()
    made = _assembled(stood, asked, parts, closed=True)
    reasons = dict(made.reasons)
    for finding in reversed(_part_faults(made.mesh, made.solid)):
        reasons[finding.body] = (SOLID_INVALID, f"is no valid solid: {finding.code} {finding.name}")
    good = np.delete(np.arange(len(asked)), np.array(sorted(reasons), dtype=np.int64))
    is_built[asked[good]] = True
    notes = [
        _of_part(asked, stood, at, code, why, "drawn by its roof form") for at, (code, why) in sorted(reasons.items())
    ]
    notes += [
        _of_part(asked, stood, at, ASSEMBLY_SIMPLIFIED, why, "a simpler roof")
        for at, why in sorted(made.notes.items())
        if at not in reasons
    ]
    if not closed or len(reasons) > len(made.reasons):
        made = _assembled(stood, asked[good], parts, closed=closed)
        asked = asked[good]
    feature = asked[made.mesh.feature]
    return replace(made, mesh=replace(made.mesh, feature=feature)), is_built, tuple(notes)


def _assembled(stood: Stood, rows: IntArray, parts: Parts, *, closed: bool) -> Assembled:
    heights = (stood.foot_m[rows], stood.base_m[rows], stood.top_m[rows])
    asked = (parts, stood.assembly[rows], stood.told.footprint[rows])
    return raise_assemblies(*asked, *heights, slope=stood.slope[rows], closed=closed)


def _of_part(asked: IntArray, stood: Stood, at: int, code: str, why: str, instead: str) -> Note:
    row = int(asked[at])
    return Note(row, code, f"as {stood.assembly[row]!r}: {why}", instead)


def _part_faults(mesh: Mesh, solid: IntArray) -> list[Finding]:
    """What is wrong with solids, `body` the feature they are of; the solids of one feature may be built into each other."""
    if len(solid) == 0:
        return []
    owner, number, place = mesh.feature, *np.unique(solid, return_inverse=True)
    feature = np.zeros(len(number), dtype=np.int64)
    feature[place] = owner
    found = check(of_mesh(by_solid(mesh, place), len(number)))
    return [replace(finding, body=int(feature[finding.body])) for finding in found]


# --- roofs -----------------------------------------------------------------------------------------------------------


def _roofed(
    stood: Stood, rows: BoolArray, form: npt.NDArray[np.uint8], held: BoolArray
) -> tuple[Bodied, tuple[Note, ...]]:
    """Bodies with roofs; those that are held to the rules and broke them are blocks."""
    body = _raised(stood, rows, form)
    bad = _bad(body, held)
    if not bad:
        return body, ()
    plain = form.copy()
    plain[list(bad)] = RoofForm.flat
    notes = (
        Note(
            row,
            SOLID_INVALID,
            f"with a {RoofForm(int(form[row])).name} roof is no valid solid: {fault.code} {fault.name}",
            "drawn as a block",
        )
        for row, fault in sorted(bad.items())
    )
    again = _raised(stood, rows, plain)
    return replace(again, reasons={k: v for k, v in body.reasons.items() if k not in bad}), tuple(notes)


def _raised(stood: Stood, rows: BoolArray, form: npt.NDArray[np.uint8]) -> Bodied:
    return raise_asked(stood.shape, stood.foot_m, stood.eaves_m, stood.top_m, stood.told, form, rows)


def _bad(body: Bodied, held: BoolArray) -> dict[int, Finding]:
    """Faults of bodies with roofs; a block over a clean outline is a solid by its making, however many corners it has."""
    roofed = held & (body.form != RoofForm.flat)
    return {f.body: f for f in reversed(_roof_faults(body, roofed)) if f.code != _EMPTY}


def _roof_faults(body: Bodied, held: BoolArray) -> list[Finding]:
    found = check(of_mesh(meshes.without(body.mesh, np.flatnonzero(~held)), len(held)))
    return [finding for finding in found if held[finding.body]]


def _simplified(asked: npt.NDArray[np.uint8], body: Bodied) -> Iterator[Note]:
    for row, reason in sorted(body.reasons.items()):
        form, got = (RoofForm(int(one[row])).name for one in (asked, body.form))
        yield Note(row, ROOF_SIMPLIFIED, f"has no {form} roof as asked for: {reason}", f"{got} roof")
