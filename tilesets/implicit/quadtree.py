"""Where each tile of the published tree goes in a quadtree, and the empty tiles between. Pure.

A tile goes to the largest cell below its parent's that it need not share: its own grid cell, or one that holds it. A
reader that knows nothing but the subdivision then looks for it in a square that is rather too large than too small.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cim.errors import BadSource
from tilesets.spec import Region


@dataclass(frozen=True, slots=True, order=True)
class Square:
    """A cell of the city's grid: x and y count squares of 64 m * 2**depth from the frame's origin.

    A depth below 0 is finer than the grid itself.
    """

    depth: int
    x: int
    y: int

    def above(self, depth: int) -> "Square":
        """The square of a coarser depth that holds this one; itself at its own."""
        return Square(depth, self.x >> (depth - self.depth), self.y >> (depth - self.depth))

    def holds(self, other: "Square") -> bool:
        """Whether the other lies within this one, or is it."""
        return other.depth <= self.depth and other.above(self.depth) == self

    def quarters(self) -> tuple["Square", ...]:
        """Its four quarters in Morton order: x counts first."""
        return tuple(Square(self.depth - 1, 2 * self.x + k % 2, 2 * self.y + k // 2) for k in range(4))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A published tile that draws something (uri), or the top of several; content: the region of its content."""

    square: Square
    region: Region
    error: float
    uri: str | None
    content: Region
    children: tuple["Drawn", ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A tile of the quadtree. content: what it draws, None for one that only leads to others."""

    square: Square
    region: Region
    error: float
    content: Drawn | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The corner of the grid from which a quadtree counts its squares, so many squares of a depth from the frame's own."""

    depth: int
    x: int
    y: int

    def counted(self, square: Square) -> Square:
        """A square counted from here."""
        ways = self.depth - square.depth
        return Square(square.depth, square.x - (self.x << ways), square.y - (self.y << ways))


def rooted(top: Drawn) -> tuple[Drawn, Origin]:
    """The tree with its squares counted from the corner of the city, and the top in the smallest square over all below.

    In the frame's own count a city may lie across an edge of very large squares, and its top would be many empty levels
    above the rest. Raises BadSource for a tile outside the top's own square.
    """
    for child in top.children:
        if not top.square.holds(child.square):
            raise BadSource(f"{child.uri}: its cell {child.square} does not lie within its parent's {top.square}")
    depth = max((child.square.depth for child in top.children), default=top.square.depth)
    if depth >= top.square.depth:
        origin = Origin(top.square.depth, top.square.x, top.square.y)
        return _counted(top, origin), origin
    squares = [child.square.above(depth) for child in top.children]
    origin = Origin(depth, min(square.x for square in squares), min(square.y for square in squares))
    most = max(max(square.x - origin.x, square.y - origin.y) for square in squares)
    counted = _counted(top, origin)
    return replace(counted, square=Square(depth + max(1, most.bit_length()), 0, 0)), origin


def _counted(drawn: Drawn, origin: Origin) -> Drawn:
    # The top may be larger than the squares the origin is counted in; it gets another square anyway.
    square = origin.counted(drawn.square) if drawn.square.depth <= origin.depth else drawn.square
    return replace(drawn, square=square, children=tuple(_counted(child, origin) for child in drawn.children))


def above_all(squares: Sequence[Square]) -> Square:
    """The smallest square that holds all of these; raises ValueError for none.

    >>> above_all([Square(0, 4, 1), Square(0, 5, 3)])
    Square(depth=2, x=1, y=0)
    """
    square = max(squares)
    while not all(square.holds(other) for other in squares):
        square = square.above(square.depth + 1)
    return square


def slots(root: Drawn) -> list[Slot]:
    """Every tile of the quadtree, parents first.

    An empty tile takes its region and error from the tile above that draws, so that it is passed whenever that one is
    replaced, and nothing is missing on the way down. Raises BadSource for a tree that does not stand on the grid.
    """
    found: list[Slot] = []
    waiting = [(root, root.square)]
    while waiting:
        drawn, square = waiting.pop()
        found.append(Slot(square, drawn.region, drawn.error, drawn))
        below = _settled(drawn, square)
        between = {
            middle for _, place in below for middle in _between(place, square)
        }  # the squares that must be there for a tile deeper down to be reached
        found += [Slot(middle, drawn.region, drawn.error, None) for middle in between]
        waiting += below
    return sorted(found, key=lambda slot: (-slot.square.depth, slot.square.y, slot.square.x))


def _between(place: Square, top: Square) -> Iterator[Square]:
    for depth in range(place.depth + 1, top.depth):
        yield place.above(depth)


def _settled(drawn: Drawn, square: Square) -> list[tuple[Drawn, Square]]:
    """The children of a tile that stands in a square, each with its own square below."""
    own = [child for child in drawn.children if child.square.depth < square.depth]
    same = [child for child in drawn.children if child.square.depth >= square.depth]
    outside = [child for child in own if not square.holds(child.square)]
    if outside or any(child.square != square for child in same):
        wrong = (outside or same)[0]
        raise BadSource(f"{wrong.uri}: its cell {wrong.square} does not lie within its parent's {square}")
    settled = [(child, _largest(child, [c for c in own if c is not child], square)) for child in own]
    taken = [place for _, place in settled]
    for child in same:  # the same cell drawn finer: one step down, in a quarter that is free
        free = [quarter for quarter in square.quarters() if not any(quarter.holds(place) for place in taken)]
        if not free:
            raise BadSource(f"{child.uri}: too many tiles stand in the cell {square}")
        settled.append((child, free[0]))
        taken.append(free[0])
    return settled


def _largest(child: Drawn, others: Sequence[Drawn], square: Square) -> Square:
    """The largest square below another that holds a child and none of the others."""
    for depth in range(square.depth - 1, child.square.depth - 1, -1):
        place = child.square.above(depth)
        if not any(place.holds(other.square) for other in others):
            return place
    raise BadSource(f"{child.uri}: another tile stands in its cell {child.square}")
