"""Grounds: what lies on the ground outdoors, streets and water, as columns."""

from dataclasses import dataclass, fields

from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

GROUND_LAYERS = ("roads", "water")
"""The layers whose features lie on the ground."""


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """Grounds (n), ascending id.

    layer, kind, name, source: (n,) text, None where unknown. shape: (n,) lines of streets and areas of water in the city
    frame. width_m, accuracy_m: (n,) metres, NaN where unknown.
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
