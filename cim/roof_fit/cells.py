"""A footprint laid out in cells between lines, and which of some planes roofs each cell."""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

GRID_M = 1.0 / 4096.0
"""What corners of faces are rounded to, in plan."""
_LEAST_CELL = 1e-4
_LINE_PRICE = 0.01
_STEP_PRICE = 0.02
_HIGHEST_STEP_M = 1.5
_SWEEPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Cells of a footprint and what speaks for each plane in each.

    cells: (c,) polygons without gaps between them. first, second: (e,) cells that lie side by side, length: (e,) metres
    of the border between them, middle: (e, 2) of it. cost: (k, c) of the planes (k, 3). label: (c,) the plane of each.
    """

    cells: ObjectArray
    first: IntArray
    second: IntArray
    length: FloatArray
    middle: FloatArray
    planes: FloatArray
    cost: FloatArray
    label: IntArray

    def pair_prices(self) -> FloatArray:
        """What it costs (k, k, e) that two planes meet at a border: its length, and the wall of the step there."""
        at = self.planes[:, :2] @ self.middle.T + self.planes[:, 2:]
        step = np.minimum(np.abs(at[:, None] - at[None, :]), _HIGHEST_STEP_M)
        price = self.length * (_LINE_PRICE + _STEP_PRICE * step)
        price[np.arange(len(at)), np.arange(len(at))] = 0.0
        return np.asarray(price)

    def components(self) -> IntArray:
        """The number (c,) of the face that each cell is part of: side by side, and of one plane."""
        face = np.arange(len(self.cells))
        same = self.label[self.first] == self.label[self.second]
        pairs = np.column_stack([self.first[same], self.second[same]])
        while len(pairs):
            low = face[pairs].min(axis=1)
            before = face.copy()
            np.minimum.at(face, pairs[:, 0], low)
            np.minimum.at(face, pairs[:, 1], low)
            face = face[face]
            if np.array_equal(before, face):
                break
        return np.unique(face, return_inverse=True)[1].astype(np.int64)


def cells_between(footprint: shapely.Polygon, lines: FloatArray) -> ObjectArray:
    """The cells (c,) that lines (m, 3) cut a footprint into, its corners and theirs on the grid."""
    west, south, east, north = footprint.bounds
    middle, reach = np.array([(west + east) / 2, (south + north) / 2]), 1.0 + np.hypot(east - west, north - south)
    foot = middle + lines[:, :2] * (lines[:, 2] - lines[:, :2] @ middle)[:, None]
    way = np.column_stack([-lines[:, 1], lines[:, 0]]) * reach
    drawn: ObjectArray = np.asarray(
        shapely.intersection(shapely.linestrings(np.stack([foot - way, foot + way], axis=1)), footprint),
        dtype=object,
    )
    edges = [footprint.boundary, *drawn[~shapely.is_empty(drawn)]]
    noded = shapely.union_all(np.array(edges, dtype=object), grid_size=GRID_M)
    cells: ObjectArray = np.array(shapely.polygonize([noded]).geoms, dtype=object)
    within: BoolArray = np.asarray(shapely.contains_xy(footprint.buffer(GRID_M), *points_in(cells).T))
    return np.asarray(cells[within & (shapely.area(cells) > 0)])


def points_in(cells: ObjectArray) -> FloatArray:
    """A position (c, 2) within each cell."""
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(cells)))


def laid_out(cells: ObjectArray, planes: FloatArray, xy: FloatArray, loss: FloatArray, label: IntArray) -> Layout:
    """Cells with their borders, and what planes cost at the points (n, 2) in them.

    loss: (k, n) of the points, weighted. label: (c,) to begin with.
    """
    tree = shapely.STRtree(cells)
    point, cell = tree.query(shapely.points(xy), predicate="intersects")
    point, once = np.unique(point, return_index=True)
    cost = np.zeros((len(planes), len(cells)))
    for k in range(len(planes)):
        cost[k] = np.bincount(cell[once], weights=loss[k, point], minlength=len(cells))
    first, second = tree.query(cells, predicate="touches")
    first, second = first[first < second], second[first < second]
    shared = shapely.intersection(cells[first], cells[second])
    length = shapely.length(shared)
    kept = length > 0
    middle = shapely.get_coordinates(shapely.centroid(shared[kept]))
    order = np.lexsort((second[kept], first[kept]))
    return Layout(
        cells, first[kept][order], second[kept][order], length[kept][order], middle[order], planes, cost, label
    )


def relabelled(layout: Layout) -> Layout:
    """Each cell given the plane that costs least beside its neighbours, in turn, until none changes."""
    price, label = layout.pair_prices(), layout.label.copy()
    borders: list[list[tuple[int, int]]] = [[] for _ in layout.cells]
    for edge, (a, b) in enumerate(zip(layout.first.tolist(), layout.second.tolist(), strict=True)):
        borders[a].append((edge, b))
        borders[b].append((edge, a))
    for _ in range(_SWEEPS):
        changed = False
        for cell, around in enumerate(borders):
            if not around:
                continue
            edges, others = map(list, zip(*around, strict=True))
            total = layout.cost[:, cell] + price[:, label[others], edges].sum(axis=1)
            best = int(np.argmin(total))
            if total[best] < total[label[cell]] - 1e-12:
                label[cell], changed = best, True
        if not changed:
            break
    return replace(layout, label=label)


def merged(layout: Layout, price: float, most_faces: int) -> Layout:
    """Faces given the plane of a neighbour wherever that saves more than it costs, a face being worth its price.

    While there are more faces than allowed, the cheapest goes on merging.
    """
    pairs = layout.pair_prices()
    while True:
        face = layout.components()
        count = int(face.max()) + 1
        touching = face[layout.first] != face[layout.second]
        sides = np.column_stack([face[layout.first[touching]], face[layout.second[touching]]])
        sides = np.unique(np.concatenate([sides, sides[:, ::-1]]), axis=0)
        if not len(sides):
            return layout
        kind = np.zeros(count, dtype=np.int64)
        kind[face] = layout.label
        change = np.array([_change(layout, pairs, face, kind, a, int(kind[b])) for a, b in sides.tolist()])
        best = int(np.argmin(change))
        if change[best] > price and count <= most_faces:
            return layout
        label = layout.label.copy()
        label[face == sides[best, 0]] = kind[sides[best, 1]]
        layout = replace(layout, label=label)


def _change(layout: Layout, pairs: FloatArray, face: IntArray, kind: IntArray, one: int, instead: int) -> float:
    """What it costs more that a face has another plane."""
    inside, was = face == one, int(kind[one])
    more = float((layout.cost[instead, inside] - layout.cost[was, inside]).sum())
    a, b = inside[layout.first], inside[layout.second]
    edge = np.flatnonzero(a != b)
    beyond = np.where(a[edge], layout.second[edge], layout.first[edge])
    other = layout.label[beyond]
    return more + float((pairs[instead, other, edge] - pairs[was, other, edge]).sum())


def faces_of(layout: Layout) -> tuple[ObjectArray, FloatArray]:
    """The faces (f,) of a layout, cells of one plane that lie side by side made one, and their planes (f, 3)."""
    face = layout.components()
    shapes = [shapely.coverage_union_all(layout.cells[face == k]) for k in range(int(face.max()) + 1)]
    planes = np.zeros((len(shapes), 3))
    planes[face] = layout.planes[layout.label]
    return np.array(shapes, dtype=object), planes
