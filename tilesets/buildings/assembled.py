"""Standing buildings built of the parts of their assemblies, and those of them that are drawn otherwise, with the reason."""

from dataclasses import dataclass, replace

import numpy as np

from cim.assembly import Parts, raise_assemblies
from cim.assembly.solids import NO_MESH
from cim.mesh import Mesh
from cim.types import Bodies, BoolArray
from tilesets.buildings.standing import Flaw, Standing

SIMPLIFIED = "assembly_simplified"
"""The code of a part whose roof does not fit; `cim.assembly` has those of buildings that are not built of parts at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """rows: (n,) whether a building is built of parts. mesh: of those. flaws: of what is drawn otherwise than asked for."""

    rows: BoolArray
    mesh: Mesh
    flaws: tuple[Flaw, ...]


def asking(rows: Bodies) -> BoolArray:
    """Which rows (n,) name an assembly."""
    return np.array([isinstance(name, str) for name in rows.assembly], dtype=np.bool_)


def assembled(standing: Standing, wanted: BoolArray, parts: Parts) -> Built:
    """The wanted ones (n,) among standing buildings that name an assembly, without the faces that nobody can see."""
    rows = standing.rows
    asked = np.flatnonzero(wanted & asking(rows))
    is_built = np.zeros(len(rows), dtype=np.bool_)
    if len(asked) == 0:
        return Built(is_built, NO_MESH, ())
    heights = (standing.foot_m[asked], standing.base_m[asked], standing.top_m[asked])
    made = raise_assemblies(parts, rows.assembly[asked], rows.geometry[asked], *heights)
    is_built[np.delete(asked, np.array(list(made.reasons), dtype=np.int64))] = True

    def told(at: int, code: str, why: str, instead: str) -> Flaw:
        row = asked[at]
        name, number = rows.assembly[row], int(rows.id[row])
        return Flaw(number, code, f"building {number} as {name!r}: {why}", instead, int(rows.cell[row]))

    flaws = [told(at, code, why, "drawn by its roof form") for at, (code, why) in sorted(made.reasons.items())]
    flaws += [told(at, SIMPLIFIED, why, "a simpler roof") for at, why in sorted(made.notes.items())]
    return Built(is_built, replace(made.mesh, feature=asked[made.mesh.feature]), tuple(flaws))
