"""Fixtures: what stands outdoors at a point of its own, trees and street furniture, as columns."""

from dataclasses import dataclass, fields

from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

FIXTURE_LAYERS = ("trees", "components", "hydrants")
"""The layers whose features are fixtures."""


@dataclass(frozen=True, slots=True, eq=False)
class Fixtures:
    """Fixtures (n), ascending id.

    layer, kind, species, name, source: (n,) text as delivered, None where unknown. xy: (n, 2) metres, city frame.
    height_m, crown_m: (n,) metres, NaN where unknown; accuracy_m: (n,) likewise.
    """

    id: IntArray
    layer: ObjectArray
    kind: ObjectArray
    species: ObjectArray
    name: ObjectArray
    xy: FloatArray
    height_m: FloatArray
    crown_m: FloatArray
    source: ObjectArray
    is_synthetic: BoolArray
    accuracy_m: FloatArray

    def __len__(self) -> int:
        return len(self.id)

    def take(self, rows: IntArray | BoolArray | slice) -> "Fixtures":
        """Some of them, in the order asked for.

        >>> import numpy as np
        >>> one = Fixtures(*(np.zeros(2) for _ in range(11)))
        >>> len(one.take(slice(1)))
        1
        """
        return Fixtures(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})
