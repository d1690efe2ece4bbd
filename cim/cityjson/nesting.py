"""The nested lists of CityJSON's geometries as flat ones, one value a surface, and back (CityJSON 2.0, clause 3.2)."""

from collections.abc import Sequence
from typing import Any

from cim.cityjson.record import Fault

DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
"""How deep surfaces lie in the boundaries of each kind."""

Shells = tuple[tuple[int, ...], ...]


def flatten(boundaries: Any, kind: str) -> tuple[list[Any], Shells]:
    """The surfaces of a geometry's boundaries, and how many each shell of each solid has; none of what is no solid.

    Raises Fault where the lists are not nested as the kind has them.

    >>> flatten([[[[0, 1, 2]], [[2, 1, 3]]], [[[4, 5, 6]]]], "Solid")
    ([[[0, 1, 2]], [[2, 1, 3]], [[4, 5, 6]]], ((2, 1),))
    """
    depth = DEPTH[kind]
    solids = boundaries if depth == 2 else [boundaries] if depth == 1 else [[boundaries]]
    shells = [_lists(solid, kind) for solid in _lists(solids, kind)]
    surfaces = [surface for solid in shells for shell in solid for surface in _lists(shell, kind)]
    counts = tuple(tuple(len(shell) for shell in solid) for solid in shells)
    return surfaces, counts if depth else ()


def spread(values: Any, kind: str, shells: Shells, count: int) -> list[Any]:
    """What nested values say of each of `count` surfaces; null says nothing of all below it. Raises Fault as `flatten`."""
    depth = DEPTH[kind]
    if values is None:
        return [None] * count
    if depth == 0:
        return _of(values, count)
    solids = _of(values, len(shells)) if depth == 2 else [values]
    found: list[Any] = []
    for solid, sizes in zip(solids, shells, strict=True):
        of_shells = [None] * len(sizes) if solid is None else _of(solid, len(sizes))
        for shell, size in zip(of_shells, sizes, strict=True):
            found += [None] * size if shell is None else _of(shell, size)
    return found


def nest(flat: Sequence[Any], kind: str, shells: Shells) -> Any:
    """The opposite of `flatten`, for surfaces and for what is said of them.

    >>> nest([1, 2, 3], "Solid", ((2, 1),))
    [[1, 2], [3]]
    """
    depth = DEPTH[kind]
    if depth == 0:
        return list(flat)
    rest = iter(flat)
    solids = [[[next(rest) for _ in range(size)] for size in sizes] for sizes in shells]
    return solids if depth == 2 else solids[0]


def _lists(value: Any, kind: str) -> list[Any]:
    if not isinstance(value, list):
        raise Fault("model_geometry", f"boundaries are not nested as a {kind} has them")
    return value


def _of(values: Any, count: int) -> list[Any]:
    if not isinstance(values, list) or len(values) != count:
        found = len(values) if isinstance(values, list) else type(values).__name__
        raise Fault("model_mismatch", f"{found} values for {count} surfaces or shells")
    return values
