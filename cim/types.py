"""The values that travel between the floors: frozen, slotted, and silent about files, clocks and databases.

House units: metres, degrees, UTC-aware time; x east, y north, z up, float64, city frame. Anything else wears a suffix.
Unknown is `None` (NaN in float arrays), never 0, -1 or "".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ObjectArray = npt.NDArray[np.object_]

Progress = Callable[[int, int | None, str], None]
"""`progress(done, total, note)`: real counts; `total` is None where it is not known."""


def silent(done: int, total: int | None, note: str) -> None:
    """A `Progress` that says nothing."""


class Use(IntEnum):
    """What a building is used for. The list is the project's own; 0 is unknown."""

    unknown = 0
    residential = 1
    commercial = 2
    office = 3
    industrial = 4
    public = 5
    religious = 6
    heritage = 7
    education = 8
    medical = 9
    transport = 10


class RoofForm(IntEnum):
    """The form of a roof; `flat` also where no form is known and the body is an extrusion.

    gable 悬山 (and any other that hangs over), flush_gable 硬山, hip 庑殿, hip_and_gable 歇山, pyramidal and conical 攒尖,
    round_ridge 卷棚; other: as the body's own surfaces show.
    """

    flat = 0
    shed = 1
    gable = 2
    hip = 3
    hip_and_gable = 4
    pyramidal = 5
    conical = 6
    flush_gable = 7
    round_ridge = 8
    other = 9


class Surface(IntEnum):
    """What a surface of a body is of; after 3 as CityJSON 2.0 (clause 3.3) names the surfaces of buildings."""

    wall = 0
    roof = 1
    ground = 2
    overhang = 3
    """an outer ceiling: the underside of eaves"""
    outer_floor = 4
    closure = 5
    window = 6
    door = 7
    interior_wall = 8
    ceiling = 9
    floor = 10
    unknown = 255


class CimLevel(IntEnum):
    """The two model grades of the city's notice: L2 the coarse prefecture, L3 the refined old town."""

    L2 = 2
    L3 = 3


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle. The frame is the caller's; lon/lat boxes are west, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not (self.west <= self.east and self.south <= self.north):
            raise ValueError(f"box is inside out: {self.as_tuple()}")

    def as_tuple(self) -> tuple[float, float, float, float]:
        """(west, south, east, north)."""
        return (self.west, self.south, self.east, self.north)

    def contains(self, x: float, y: float) -> bool:
        """Whether the point lies inside or on the edge.

        >>> Box(0, 0, 2, 1).contains(2, 1)
        True
        """
        return self.west <= x <= self.east and self.south <= y <= self.north


_BODY_TYPES: Mapping[str, npt.DTypeLike] = {
    "id": np.int64,
    "geometry": object,
    "base_m": np.float64,
    "height_m": np.float64,
    "eaves_m": np.float64,
    "roof_form": np.uint8,
    "use": np.uint8,
    "cim_level": np.uint8,
    "storeys": np.int16,
    "name": object,
    "source": object,
    "lod": np.float32,
    "is_synthetic": np.bool_,
    "accuracy_m": np.float32,
    "cell": np.int64,
    "is_repeated": np.bool_,
    "year": np.int16,
    "eaves_tiers": np.uint8,
    "pitch_deg": np.float64,
    "assembly": object,
    "front_deg": np.float64,
    "boundary": object,
}


@dataclass(frozen=True, slots=True)
class Bodies:
    """Building bodies as columns of equal length n: what a tile is made of.

    id: (n,) int64, the building (stable over states and levels of detail). geometry: (n,) shapely Polygon or
    MultiPolygon footprints, city frame. base_m: (n,) height of the ground in the city's height system, NaN where
    not yet known. height_m: (n,) above the base. eaves_m: (n,) above the base, NaN = the height. roof_form, use,
    cim_level: (n,) uint8 codes. storeys: (n,) int16, 0 unknown. name, source: (n,) str or None. lod: (n,) float32.
    is_synthetic: (n,) bool. accuracy_m: (n,) float32, NaN unknown. cell: (n,) int64 grid key of the anchor point.
    is_repeated: (n,) bool, whether another row of the same building and level of detail goes before it. year: (n,) int16
    it was built in, 0 unknown. eaves_tiers: (n,) uint8 roofs above one another (重檐 has 2), 0 unknown. pitch_deg: (n,) of
    the roof, NaN unknown. assembly: (n,) str or None, which assembly of parts it is built as. front_deg: (n,)
    which way its front looks, clockwise from north, NaN not told. boundary: (n,) `Boundary` or
    None, the surfaces that were delivered of it, in the city frame.
    """

    id: IntArray
    geometry: ObjectArray
    base_m: FloatArray
    height_m: FloatArray
    eaves_m: FloatArray
    roof_form: npt.NDArray[np.uint8]
    use: npt.NDArray[np.uint8]
    cim_level: npt.NDArray[np.uint8]
    storeys: npt.NDArray[np.int16]
    name: ObjectArray
    source: ObjectArray
    lod: npt.NDArray[np.float32]
    is_synthetic: BoolArray
    accuracy_m: npt.NDArray[np.float32]
    cell: IntArray
    is_repeated: BoolArray
    year: npt.NDArray[np.int16]
    eaves_tiers: npt.NDArray[np.uint8]
    pitch_deg: FloatArray
    assembly: ObjectArray
    front_deg: FloatArray
    boundary: ObjectArray

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def of(cls, columns: Sequence[Sequence[Any]]) -> "Bodies":
        """The bodies of columns of plain values in the order of the fields; None is unknown."""
        values = {
            name: np.array(column, dtype=_BODY_TYPES[name]) for name, column in zip(_BODY_TYPES, columns, strict=True)
        }
        return cls(**values)

    def take(self, index: npt.NDArray[Any] | slice) -> "Bodies":
        """The rows that `index` (integers, booleans or a slice) selects, in its order."""
        return Bodies(**{name: getattr(self, name)[index] for name in self.__slots__})


NO_BODIES = Bodies.of([[]] * len(_BODY_TYPES))
"""No body at all."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing found wrong with one record, or with the source as a whole (`row` None).

    code: stable, snake_case. `row` counts from 1, as the source's own user would. repaired: what was done about it.
    rejected: whether the record was set aside for it. Neither: the record is in as it is, and this is a note. at: where,
    lon/lat degrees, as far as it is known.
    """

    code: str
    message: str
    row: int | None = None
    repaired: str | None = None
    rejected: bool = False
    at: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was not let in: whole, as it came, with the reasons; `at`: where (lon/lat degrees), if known.

    content: its fields as JSON knows them, geometry as WKT under its column's name; {"raw": what there is} where
    not even a record could be made out.
    """

    row: int
    codes: tuple[str, ...]
    reason: str
    content: Mapping[str, Any]
    at: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sources that say different things of one object: who won, with what, over whom, and why.

    code: a kind of `cim.fusion.conflict`. against: the attribute of `lost`, where it is another one and both stand.
    """

    object: int
    attribute: str
    won: Mapping[str, Any]
    lost: Mapping[str, Any]
    why: str
    code: str
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a load did with every record of one source: read = accepted + rejected; repaired are among the accepted.

    noted: accepted records that something was remarked on but nothing changed. issues: the first thousand, one by one.
    codes: how often each code occurred, counted whole. changes: what the delivery did to the dataset (added, changed,
    moved, ended, unchanged, matched). worst: the twenty records that most is wrong with. grid: how many records lie where
    (extent in degrees, rows from the south). conflicts: the first hundred of `conflicts_in_all`, which are counted
    whole by code. resumed_at: how many records an interrupted run had staged already. preview: nothing was changed.
    """

    dataset: str
    source: str
    read: int
    accepted: int
    repaired: int
    rejected: int
    issues: tuple[Issue, ...] = ()
    codes: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None
    unchanged: bool = False
    mode: str = "replace"
    noted: int = 0
    changes: Mapping[str, int] = field(default_factory=dict)
    worst: tuple[Issue, ...] = ()
    grid: Mapping[str, Any] | None = None
    conflicts: tuple[Conflict, ...] = ()
    conflicts_in_all: int = 0
    conflicts_by_code: Mapping[str, int] = field(default_factory=dict)
    resumed_at: int = 0
    preview: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading: the datastream's id, when it was measured (UTC-aware), its number, and where, if it moves."""

    datastream_id: int
    phenomenon_time: datetime
    result: float
    lonlat: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One thing that just happened, as `/live` tells it: kind, a rising id, where, and the Feature or key."""

    id: int
    kind: str
    key: int
    lonlat: tuple[float, float] | None
    data: Mapping[str, Any] = field(default_factory=dict)
