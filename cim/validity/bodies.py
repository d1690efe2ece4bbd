"""Many bodies checked at once, level by level: what is wrong at one level is not looked at on the next."""

import numpy as np

from cim.types import BoolArray, FloatArray, IntArray
from cim.validity.codes import DEFAULTS, Finding, Tolerances
from cim.validity.crossing import crossing_pairs, normals
from cim.validity.faces import LOOSE, Faces
from cim.validity.polygons import Flat, lay_flat
from cim.validity.shells import check_shells
from cim.validity.welding import weld


def check(faces: Faces, tolerances: Tolerances = DEFAULTS) -> tuple[Finding, ...]:
    """What is wrong with these bodies, by body and code; nothing where all are valid.

    Rings and polygons are held to codes 101 to 208, shells of good polygons to 301 to 307, and solids of good shells to
    401 to 405 (501 where several make a CompositeSolid). Of each shell the first fault is told. Surfaces that
    bind no solid are checked as polygons.
    """
    found = [Finding(body, 902) for body in np.setdiff1d(np.arange(faces.bodies), faces.body).tolist()]
    wild = np.unique(faces.body[faces.polygon_of_vertex()[~np.isfinite(faces.xyz).all(axis=1)]])
    if len(wild):
        found += [Finding(body, 901, detail="a coordinate is no number") for body in wild.tolist()]
        faces = _without(faces, wild)
    if len(faces.body) == 0:
        return tuple(sorted(found, key=_place))
    local = _local(faces)
    point = weld(local, faces.body[faces.polygon_of_vertex()], tolerances.snap_m)
    flat, faults = lay_flat(faces, point, tolerances)
    found += faults
    faults, good = check_shells(faces, point, flat.bad)
    found += faults
    found += _check_space(faces, local, point, flat, good, tolerances)
    return tuple(sorted(found, key=_place))


def _place(finding: Finding) -> tuple[int, int, int]:
    return finding.body, finding.code, -1 if finding.polygon is None else finding.polygon


def _local(faces: Faces) -> FloatArray:
    """Vertices about the first one of their body: differences of large coordinates would eat the tolerance."""
    ring = np.searchsorted(faces.polygon, faces.first_of_body())
    first = np.minimum(faces.start[ring], max(len(faces.xyz) - 1, 0))
    return np.asarray(faces.xyz - faces.xyz[first][faces.polygon_of_vertex()])


def _without(faces: Faces, bodies: IntArray) -> Faces:
    """The same bodies, less the polygons of some; the shells that had them stay, empty."""
    keep = ~np.isin(faces.body, bodies)
    rings = keep[faces.polygon]
    sizes = np.diff(faces.start)
    return Faces(
        faces.xyz[np.repeat(rings, sizes)],
        np.concatenate([[0], np.cumsum(sizes[rings])]).astype(np.int64),
        (np.cumsum(keep) - 1)[faces.polygon[rings]],
        faces.body[keep],
        faces.shell[keep],
        faces.solid,
        faces.inner,
        faces.composite,
        faces.bodies,
    )


def _check_space(
    faces: Faces, local: FloatArray, point: IntArray, flat: Flat, good: BoolArray, tolerances: Tolerances
) -> list[Finding]:
    """306 and 401 to 501: what only lengths and places can tell."""
    polygon = faces.polygon_of_vertex()[flat.triangles[:, 0]]
    shell = faces.shell[polygon]
    keep = shell != LOOSE
    keep[keep] = good[shell[keep]]
    triangles, shell = flat.triangles[keep], shell[keep]
    body = faces.body[polygon[keep]]
    corner = local[triangles]
    # Of several solids only those of a composite must not meet: the parts of a building may be built into each other.
    group = np.where(faces.composite[faces.solid[shell]], body, faces.bodies + faces.solid[shell])
    pairs = crossing_pairs(corner, point[triangles], group, polygon[keep], tolerances.snap_m)
    found = _crossings(faces, shell, body, corner, pairs)
    broken = np.unique(shell[pairs.ravel()])
    volume = np.bincount(shell, weights=_sixths(corner), minlength=len(faces.solid))
    first = np.full(len(faces.solid), -1)
    first[shell[::-1]] = body[::-1]
    turned = np.flatnonzero((first >= 0) & ((volume > 0) == faces.inner) & ~np.isin(np.arange(len(volume)), broken))
    found += [Finding(int(first[s]), 405, detail=f"shell of {volume[s]:.4g} m3") for s in turned.tolist()]
    return found + _cavities(faces, corner, shell, first, set(broken.tolist()))


def _sixths(corner: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])) / 6.0)


def _crossings(faces: Faces, shell: IntArray, body: IntArray, corner: FloatArray, pairs: IntArray) -> list[Finding]:
    """306 within a shell, 401 between shells of a solid, 501 between solids: each once."""
    one, other = shell[pairs[:, 0]], shell[pairs[:, 1]]
    code = np.where(one == other, 306, np.where(faces.solid[one] == faces.solid[other], 401, 501))
    # Solids of a composite may share a face: its two sides look away from each other.
    keep = (code != 501) | (np.einsum("ij,ij->i", *(normals(corner[pairs[:, k]]) for k in (0, 1))) > -1.0 + 1e-6)
    one, other, code, pairs = one[keep], other[keep], code[keep], pairs[keep]
    _, first = np.unique(np.column_stack([one, other, code]), axis=0, return_index=True)
    return [Finding(int(body[pairs[k, 0]]), int(code[k]), None, None, _counted(one, other, k)) for k in first.tolist()]


def _counted(one: IntArray, other: IntArray, k: int) -> str:
    number = int(((one == one[k]) & (other == other[k])).sum())
    return f"{number} pairs of triangles"


def _cavities(faces: Faces, corner: FloatArray, shell: IntArray, first: IntArray, broken: set[int]) -> list[Finding]:
    """403: cavities of which a corner lies outside the shell that should hold them."""
    found = []
    for cavity in np.flatnonzero(faces.inner & (first >= 0)).tolist():
        outer = int(np.flatnonzero(faces.solid == faces.solid[cavity])[0])
        if {cavity, outer} & broken or first[outer] < 0:
            continue
        if not _holds(corner[shell == outer], corner[shell == cavity][0].mean(axis=0)):
            found.append(Finding(int(first[cavity]), 403))
    return found


def _holds(corner: FloatArray, at: FloatArray) -> bool:
    """Whether a closed surface (t, 3, 3) lies about a point: by the angle that it fills of all that is seen from there."""
    a, b, c = (corner[:, k] - at for k in range(3))
    la, lb, lc = (np.linalg.norm(x, axis=1) for x in (a, b, c))
    above = np.einsum("ij,ij->i", a, np.cross(b, c))
    below = la * lb * lc
    below += np.einsum("ij,ij->i", a, b) * lc + np.einsum("ij,ij->i", a, c) * lb + np.einsum("ij,ij->i", b, c) * la
    return bool(abs(np.arctan2(above, below).sum() / (2.0 * np.pi)) > 0.5)
