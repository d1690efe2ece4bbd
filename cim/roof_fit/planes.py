"""Planes through points: z = a x + b y + c, as rows (a, b, c); which ones explain a cloud, found without luck."""

import numpy as np

from cim.types import FloatArray, IntArray

STEEPEST = float(np.tan(np.radians(75.0)))
"""What is steeper is a wall (the project's own default)."""
TIGHT_M = 0.2
"""Points nearer to a plane than this are taken to lie on it, when planes are looked for (the project's own default)."""
_MOST_PLANES = 24
_SEEDS = 160
_NEAR_M = (1.0, 1.6, 2.5)
_TRIPLES = 3
_LEVEL = float(np.tan(np.radians(2.0)))


def heights(planes: FloatArray, xy: FloatArray) -> FloatArray:
    """Heights (k, n) of planes (k, 3) over positions (n, 2), metres."""
    return np.asarray(planes[:, :2] @ xy.T + planes[:, 2:])


def losses(planes: FloatArray, xyz: FloatArray, limit_m: float) -> FloatArray:
    """Squared distances upright (k, n) of points (n, 3) from planes (k, 3), square metres, none over limit_m squared."""
    return np.asarray(np.minimum((xyz[:, 2] - heights(planes, xyz[:, :2])) ** 2, limit_m**2))


def least_squares(xyz: FloatArray, weight: FloatArray) -> FloatArray:
    """The plane (3,) of points (n, 3) by their weights (n,): level where they are fewer than three or lie on a line."""
    total = weight.sum()
    if total <= 0:
        return np.array([0.0, 0.0, np.nan])
    middle = weight @ xyz / total
    local = xyz - middle
    normal = (local[:, :2] * weight[:, None]).T @ local[:, :2]
    slope = np.zeros(2)
    if len(xyz) >= 3 and np.linalg.det(normal) > 1e-6 * max(np.trace(normal), 1e-12) ** 2:
        slope = np.linalg.solve(normal, (local[:, :2] * weight[:, None]).T @ local[:, 2])
    return np.array([slope[0], slope[1], middle[2] - slope @ middle[:2]])


def settled(plane: FloatArray, xyz: FloatArray, weight: FloatArray, limit_m: float) -> FloatArray:
    """A plane (3,) moved into the middle of the points within limit_m of it, five times over, and levelled."""
    for _ in range(5):
        near = losses(plane[None], xyz, limit_m)[0] < limit_m**2
        if near.sum() < 3:
            break
        fresh = least_squares(xyz[near], weight[near])
        if np.hypot(fresh[0], fresh[1]) > STEEPEST:
            break
        plane = fresh
    return levelled(plane, xyz, weight, limit_m)


def levelled(plane: FloatArray, xyz: FloatArray, weight: FloatArray, limit_m: float) -> FloatArray:
    """The plane made level where it leans less than two degrees."""
    if np.hypot(plane[0], plane[1]) > _LEVEL:
        return plane
    near = losses(plane[None], xyz, limit_m)[0] < limit_m**2
    chosen = near if near.any() else np.ones(len(xyz), dtype=bool)
    return np.array([0.0, 0.0, np.average(xyz[chosen, 2], weights=weight[chosen])])


def explaining(xyz: FloatArray, weight: FloatArray, least_gain: float, random: np.random.Generator) -> FloatArray:
    """The planes (k, 3) that explain points (n, 3) best, the most telling first; at most 24.

    Guesses are planes through neighbourhoods of some points; the one that takes most squared distance off the points
    (weights (n,) are the square metres each stands for) is settled and kept, until none takes off least_gain.
    """
    guesses = _guesses(xyz, random)
    loss = losses(guesses, xyz, TIGHT_M)
    left = np.full(len(xyz), TIGHT_M**2)
    found: list[FloatArray] = []
    while len(found) < _MOST_PLANES:
        gain = np.maximum(left - loss, 0.0) @ weight
        best = int(np.argmax(gain))
        if gain[best] < least_gain:
            break
        mine = loss[best] < left
        plane = settled(guesses[best], xyz[mine], weight[mine], TIGHT_M)
        fresh = losses(plane[None], xyz, TIGHT_M)[0]
        if np.maximum(left - fresh, 0.0) @ weight < gain[best]:
            plane, fresh = guesses[best], loss[best]
        found.append(plane)
        left = np.minimum(left, fresh)
    return np.array(found).reshape(-1, 3)


def _guesses(xyz: FloatArray, random: np.random.Generator) -> FloatArray:
    """Planes (g, 3) through what lies about some of the points, and the level ones at their heights."""
    seeds = random.permutation(len(xyz))[:_SEEDS]
    guesses = [np.array([0.0, 0.0, height]) for height in np.percentile(xyz[:, 2], np.arange(5, 100, 10))]
    for seed in np.sort(seeds).tolist():
        apart = np.hypot(xyz[:, 0] - xyz[seed, 0], xyz[:, 1] - xyz[seed, 1])
        for reach in _NEAR_M:
            near = np.flatnonzero(apart <= reach)
            if len(near) >= 5:
                guesses.append(_middling(xyz[near]))
        guesses += _triples(xyz, seed, np.flatnonzero((apart <= 2.0 * _NEAR_M[-1]) & (apart > 0.3)), random)
    planes = np.array(guesses)
    return np.asarray(planes[np.hypot(planes[:, 0], planes[:, 1]) <= STEEPEST])


def _middling(xyz: FloatArray) -> FloatArray:
    """The plane of points, fitted again to the three fifths of them nearest to it."""
    plane = least_squares(xyz, np.ones(len(xyz)))
    off = losses(plane[None], xyz, np.inf)[0]
    near = np.argsort(off, kind="stable")[: max(4, int(0.6 * len(xyz)))]
    return least_squares(xyz[near], np.ones(len(near)))


def _triples(xyz: FloatArray, seed: int, near: IntArray, random: np.random.Generator) -> list[FloatArray]:
    if len(near) < 2:
        return []
    picked = random.integers(0, len(near), (_TRIPLES, 2))
    return [least_squares(xyz[[seed, near[a], near[b]]], np.ones(3)) for a, b in picked.tolist() if a != b]
