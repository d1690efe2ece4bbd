"""Grounds: what lies on the ground outdoors, streets, squares and water, as columns; and which street has pavements."""

from dataclasses import dataclass, fields

from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

GROUND_LAYERS = ("roads", "squares", "water")
"""The layers whose features lie on the ground."""

WIDEST_STREET_M = 200.0
"""What is stated to be wider is no street."""
PAVED_CLASSES = frozenset(
    ("primary", "secondary", "tertiary", "residential", "unclassified", "主干路", "次干路", "支路")
)
"""Classes of street that have pavements where they are wide enough: not highways, and not lanes, which are walked on."""
PAVEMENT_LEAST_STREET_M = 10.0
PAVEMENT_SHARE, PAVEMENT_LEAST_M, PAVEMENT_MOST_M = 0.15, 1.5, 4.0
"""How wide one pavement is: a share of the whole width, within limits (all of this is the project's own default)."""


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """Grounds (n), ascending id.

    layer, kind, name, source: (n,) text, None where unknown. shape: (n,) lines of streets, areas of squares and of
    water, in the city frame. width_m, accuracy_m: (n,) metres, NaN where unknown.
    """

    id: IntArray
    layer: ObjectArray
    kind: ObjectArray
    name: ObjectArray
    shape: ObjectArray
    width_m: FloatArray
    source: ObjectArray
    is_synthetic: BoolArray
    accuracy_m: FloatArray

    def __len__(self) -> int:
        return len(self.id)

    def take(self, rows: IntArray | BoolArray | slice) -> "Grounds":
        """Some of them, in the order asked for.

        >>> import numpy as np
        >>> one = Grounds(*(np.zeros(2) for _ in range(9)))
        >>> len(one.take(slice(1)))
        1
        """
        return Grounds(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def pavement_m(kind: str | None, width_m: float) -> float:
    """How wide the pavement on each side of a street is, metres; 0 where it has none, or its width is not known (NaN).

    The width of a street is taken as its whole width, with both pavements.

    >>> pavement_m("primary", 22.0), pavement_m("secondary", 9.0), pavement_m("lane", 12.0), pavement_m("primary", 40.0)
    (3.3, 0.0, 0.0, 4.0)
    """
    if kind not in PAVED_CLASSES or not width_m >= PAVEMENT_LEAST_STREET_M:
        return 0.0
    return min(max(PAVEMENT_SHARE * width_m, PAVEMENT_LEAST_M), PAVEMENT_MOST_M)
