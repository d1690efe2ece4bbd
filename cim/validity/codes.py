"""What can be wrong with a body: codes, tolerances, and the finding that names one fault of one body."""

from dataclasses import dataclass

CODES = {
    101: "TOO_FEW_POINTS",
    102: "CONSECUTIVE_POINTS_SAME",
    104: "SELF_INTERSECTION",
    201: "INTERSECTION_RINGS",
    202: "DUPLICATED_RINGS",
    203: "NON_PLANAR_POLYGON_DISTANCE_PLANE",
    204: "NON_PLANAR_POLYGON_NORMALS_DEVIATION",
    205: "INTERIOR_DISCONNECTED",
    206: "INNER_RING_OUTSIDE",
    207: "INNER_RINGS_NESTED",
    208: "ORIENTATION_RINGS_SAME",
    301: "TOO_FEW_POLYGONS",
    302: "NOT_CLOSED",
    303: "NON_MANIFOLD_VERTEX",
    304: "NON_MANIFOLD_EDGE",
    305: "MULTIPLE_CONNECTED_COMPONENTS",
    306: "SELF_INTERSECTION",
    307: "POLYGON_WRONG_ORIENTATION",
    401: "INTERSECTION_SHELLS",
    403: "INNER_SHELL_OUTSIDE",
    405: "WRONG_ORIENTATION_SHELL",
    501: "INTERSECTION_SOLIDS",
    901: "INVALID_INPUT",
    902: "EMPTY_PRIMITIVE",
}
"""The faults that are looked for, numbered and named as val3dity's documentation does (docs/errors.rst, 2.x).

Its 103 cannot be (rings are kept without their closing point), nor 309 (nor are unused vertices kept). Shells and solids
that are the same (402, 502) are told as crossing (401, 501); 404, 503 and 601 are not looked for. 901: a coordinate that is
no number.
"""

MEANINGS = {
    101: "a ring of fewer than three different points",
    102: "a point twice, one after the other",
    104: "a ring that crosses or touches itself in its plane, or has no area",
    201: "rings of one polygon that cross",
    202: "the same ring twice",
    203: "a point more than 0.01 m off the plane of its polygon",
    204: "a fold: a part of the polygon leans more than 20° from the whole",
    205: "holes that cut a polygon in two",
    206: "a hole outside its outline",
    207: "a hole within a hole",
    208: "a hole that runs the same way round as its outline",
    301: "a shell of fewer than four polygons",
    302: "an edge with one polygon",
    303: "a point about which the polygons form more than one fan",
    304: "an edge with more than two polygons",
    305: "a shell in pieces",
    306: "polygons of a shell that go through each other",
    307: "a polygon turned against its neighbours",
    401: "shells of a solid that cross, or share a face",
    403: "a cavity outside its solid",
    405: "an outer shell that is inside out, or a cavity that is not",
    501: "solids of a CompositeSolid that go into each other; a common face is allowed",
    901: "a coordinate that is no number",
    902: "a body without surfaces",
}
"""What is wrong, in words: as docs/validity.md has it, with the tolerances below."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What counts as the same, by default as val3dity has it. snap_m: points nearer than this are one. plane_m: how far a
    point may lie off the plane of its polygon. normal_deg: how far a part of a polygon may lean from the whole.
    """

    snap_m: float = 0.001
    plane_m: float = 0.01
    normal_deg: float = 20.0


DEFAULTS = Tolerances()


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault. body: its place in what was checked. polygon: its place within the body, where one is at fault. at: a place
    at the fault (x, y, z), in the frame of the body. detail: how much, where a number tells.
    """

    body: int
    code: int
    polygon: int | None = None
    at: tuple[float, float, float] | None = None
    detail: str = ""

    @property
    def name(self) -> str:
        """The name of the code.

        >>> Finding(0, 302).name
        'NOT_CLOSED'
        """
        return CODES[self.code]
