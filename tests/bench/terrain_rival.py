"""A program for the rivals' environment: a grid without end to tiles by pymartini, quantized-mesh-encoder and gzip.

Arguments: grid, folder, vertices a tile's side, tiles a side, max error (m), workers. It imports nothing of the project.
"""

import gzip
import io
import multiprocessing
import sys
from functools import partial
from pathlib import Path

import numpy as np
from pymartini import Martini, rescale_positions
from quantized_mesh_encoder import encode
from quantized_mesh_encoder.extensions import VertexNormalsExtension

LEVELS = {257: 11, 65: 13}
FIRST = {257: (3334, 1480), 65: (13336, 5920)}


def write(grid: str, folder: str, side: int, many: int, most: float, row: int) -> int:
    """One row of tiles; how many."""
    z, quads, level = np.load(grid, mmap_mode="r"), side - 1, LEVELS[side]
    martini, span = Martini(side), 180.0 / 2**level
    lines = np.arange(row * quads, (row + 1) * quads + 1) % z.shape[0]
    band = np.asarray(z[lines])[::-1]  # martini counts rows from the north
    for column in range(many):
        heights = np.ascontiguousarray(band[:, np.arange(column * quads, (column + 1) * quads + 1) % z.shape[1]])
        vertices, triangles = martini.create_tile(heights).get_mesh(most)
        x, y = FIRST[side][0] + column, FIRST[side][1] + row
        bounds = [x * span - 180.0, y * span - 90.0, (x + 1) * span - 180.0, (y + 1) * span - 90.0]
        positions, corners = rescale_positions(vertices, heights, bounds=bounds, flip_y=True), triangles.reshape(-1, 3)
        buffer = io.BytesIO()
        normals = VertexNormalsExtension(indices=corners, positions=positions)
        encode(buffer, positions, corners, bounds=bounds, sphere_method="bounding_box", extensions=[normals])
        path = Path(folder) / str(level) / str(x) / f"{y}.terrain"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(buffer.getvalue(), 6, mtime=0))
    return many


def main() -> None:
    """Make them all."""
    grid, folder, side, many, most, workers = sys.argv[1:]
    work = partial(write, grid, folder, int(side), int(many), float(most))
    with multiprocessing.get_context("fork").Pool(int(workers)) as pool:
        sys.stdout.write(f"{sum(pool.imap_unordered(work, range(int(many))))}\n")


if __name__ == "__main__":
    main()
