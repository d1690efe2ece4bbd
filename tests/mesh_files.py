"""Mesh models made for tests: gabled houses as OBJ, with corners and faces known."""

from pathlib import Path

import numpy as np

FACES = [(0, 3, 2, 1), (0, 1, 5, 4), (2, 3, 7, 6), (4, 5, 9, 8), (6, 7, 8, 9), (1, 2, 6, 9, 5), (3, 0, 4, 8, 7)]
"""Floor, two long walls, two roof sides, two gable ends: anticlockwise seen from outside."""


def gabled(
    x: float, y: float, z: float, *, width: float = 10.0, depth: float = 6.0, eaves: float = 4.0, ridge: float = 6.0
):
    """Corners (10, 3) of a house of which a corner of the floor is given; its ridge runs east."""
    plan = np.array([[0, 0], [width, 0], [width, depth], [0, depth]])
    low = np.column_stack([plan, np.zeros(4)])
    high = np.column_stack([plan, np.full(4, eaves)])
    top = np.array([[0, depth / 2, ridge], [width, depth / 2, ridge]])
    return np.concatenate([low, high, top]) + [x, y, z]


def obj(path: Path, houses: dict[str, np.ndarray], faces=FACES) -> Path:
    """A file of one object a house."""
    lines, count = [], 0
    for name, corners in houses.items():
        lines += [f"o {name}", *("v {:.6f} {:.6f} {:.6f}".format(*corner) for corner in corners)]
        lines += ["f " + " ".join(str(count + place + 1) for place in face) for face in faces]
        count += len(corners)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
