"""Footprints: a column table of buildings with the attributes of the sample's building layers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_samples.generate.frame import Array
from data_samples.generate.shapes import Shapes

Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Footprints:
    """Columns of equal length n. Heights in metres above ground; NaN = same as height (eaves) or
    unknown (year).

    `assembly` names what a building is built of parts as (None: by its roof form).
    `lot` numbers the plot or compound a building stands in (-1 = none): buildings of one lot share one
    address.
    """

    shape: Shapes
    name: Texts
    use: Texts
    storeys: NDArray[np.int32]
    height_m: Array
    eaves_m: Array
    roof_form: Texts
    year: Array
    address: Texts
    assembly: Texts
    lot: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.shape)


def _column(value: Any, length: int, kind: Any) -> Any:
    if isinstance(value, str) or value is None:
        column = np.empty(length, dtype=object)
        column[:] = value
        return column
    return np.broadcast_to(np.asarray(value, dtype=kind), (length,)).copy()


def footprints(
    shape: Shapes,
    *,
    use: Any,
    storeys: Any,
    height_m: Any,
    roof_form: Any = "flat",
    eaves_m: Any = np.nan,
    name: Any = None,
    year: Any = np.nan,
    assembly: Any = None,
    lot: Any = -1,
) -> Footprints:
    """A table from shapes and scalars or columns; heights are rounded to the decimetre."""
    n = len(shape)
    return Footprints(
        shape=np.asarray(shape, dtype=object),
        name=_column(name, n, object),
        use=_column(use, n, object),
        storeys=_column(storeys, n, np.int32),
        height_m=np.round(_column(height_m, n, np.float64), 1),
        eaves_m=np.round(_column(eaves_m, n, np.float64), 1),
        roof_form=_column(roof_form, n, object),
        year=_column(year, n, np.float64),
        address=_column(None, n, object),
        assembly=_column(assembly, n, object),
        lot=_column(lot, n, np.int64),
    )


def joined(parts: Sequence[Footprints]) -> Footprints:
    """One table of all parts, in order."""
    names = [f.name for f in fields(Footprints)]
    return Footprints(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def taken(table: Footprints, index: NDArray[Any]) -> Footprints:
    """The rows of a mask or an index."""
    return Footprints(**{f.name: getattr(table, f.name)[index] for f in fields(Footprints)})


def with_shape(table: Footprints, shape: Shapes) -> Footprints:
    """The same rows with other shapes."""
    return replace(table, shape=shape)


def with_address(table: Footprints, address: Texts) -> Footprints:
    """The same rows with addresses."""
    return replace(table, address=address)
