"""The four ways the project grows, on one page: a source format, a layer, a device protocol, an analysis.

Each plug-in is one file that defines one value satisfying a contract below, and one line in its folder's registry.
A fifth, the formats of exports, stands above the store: its contract is in `cim/exports/sheet.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from cim.errors import Unknown
from cim.types import Box, Issue, Observation, Progress, Rejected

if TYPE_CHECKING:  # the server knows layers without ever touching a GeoDataFrame: pandas alone takes a second to import
    import geopandas as gpd


class Named(Protocol):
    """Anything a registry can hold."""

    @property
    def name(self) -> str:
        """The plug-in's unique name within its registry."""
        ...


T = TypeVar("T", bound=Named)


class Registry(Mapping[str, T], Generic[T]):
    """Plug-ins by name; refuses duplicates, and says what exists when asked for what does not."""

    def __init__(self, kind: str, *items: T) -> None:
        self._kind = kind
        self._items = {item.name: item for item in items}
        if len(self._items) != len(items):
            raise ValueError(f"two {kind}s share a name: {[item.name for item in items]}")

    def __getitem__(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            raise Unknown(f"no {self._kind} named {name!r}; known: {', '.join(self._items)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


# --- 1. source formats (loaders/sources) ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the origin of a mesh model stands. x, y: in the source's CRS; lon, lat in degrees where `is_lonlat`.

    z: the height of its origin, as the source's heights count; None: each body stands on the ground that is served.
    turn_deg: how far the model is turned anticlockwise: its x axis from grid east, with lon and lat from true east.
    """

    x: float
    y: float
    z: float | None = None
    turn_deg: float = 0.0
    is_lonlat: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where data lies and what its owner says of it. `crs` None means: the file itself must say."""

    location: str
    layer: str
    crs: str | None = None
    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """target column -> source column, where the names differ"""
    constants: Mapping[str, Any] = field(default_factory=dict)
    """columns that the file does not carry and its owner states (is_synthetic, source, cim_level ...)"""
    mode: str = "replace"
    """what the delivery is: `replace` the whole dataset, `append` records to it, `terminate` the objects it lists"""
    valid_from: str | None = None
    """since when the world is as delivered (ISO 8601); None: differences to what is held are corrections of it"""
    heights: str = "1985"
    """what its ground heights count from: `1985` (the city's datum) or `ellipsoidal` (WGS 84, as GNSS gives them)"""
    datum_shift: tuple[float, ...] | None = None
    """seven parameters (m, arc seconds, ppm; position vector) to CGCS2000, for Xian 80 and Beijing 54"""
    accept: tuple[str, ...] = ()
    """codes of warnings that would stop the load and that the owner has looked at: go on"""
    table: str | None = None
    """which table, sheet or layer of a file that holds several; None: it must hold exactly one that fits"""
    control_points: str = "refuse"
    """what to do with an image that only has ground control points: `refuse` it, or `warp` it with their best fit"""
    stretch: tuple[float, float] | None = None
    """of a picture deeper than 8 bits the values that become 0 and 255; None: taken from its own histogram"""
    anchor: Anchor | None = None
    """where a mesh model stands that has no coordinates of a CRS; None: it has"""
    up: str | None = None
    """the axis of a mesh model that points up, `y` or `z`; None: as its format or the file says"""
    city: tuple[Box, str] | None = None
    """the city's extent (degrees) and frame, so that a reader can say where the data would lie; None: not known"""
    height_datum: str = "EPSG:5737"
    """the datum that the city's heights count from, as `cim.crs.vertical` names it"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of a vector source, untouched: a GeoDataFrame whose index is the row number in the source (from 1).

    crs: canonical name as the file or the source states it. Geometry may be missing, invalid or 3-D.
    damaged: records that could not even be made out; they have row numbers too, so rows may be missing in the frame.
    issues: what the reader found and mended.
    last_row: number of the last record that this batch covers, damaged ones included: where a resumed run goes on.
    records: how many there are in the whole source; size_bytes, done_bytes: its size and how far it is read. None unknown.
    """

    frame: gpd.GeoDataFrame
    crs: str
    damaged: tuple[Rejected, ...] = ()
    issues: tuple[Issue, ...] = ()
    last_row: int = 0
    records: int | None = None
    size_bytes: int | None = None
    done_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Raster:
    """A raster source that was found readable: where it is, its frame, and what its pixels are.

    bounds: (west, south, east, north) in `crs`. pixel_m: approximate ground size of a pixel.
    """

    location: str
    crs: str
    bounds: tuple[float, float, float, float]
    width: int
    height: int
    bands: int
    dtype: str
    nodata: float | None
    pixel_m: float
    driver: str = "GTiff"
    """GDAL's name of the one driver that may open the file"""
    unit_m: float = 1.0
    """metres that one unit of a height is, as the file says"""
    vertical: str | None = None
    """what the file says its heights count from, as `cim.crs.vertical` names it; None: it does not say"""
    is_upright: bool = True
    """whether rows run from north to south and columns from west to east"""
    control_points: tuple[tuple[float, float, float, float], ...] = ()
    """column, row, x, y of each, where nothing else places the image; `crs` is theirs"""


@dataclass(frozen=True, slots=True)
class PointCloud:
    """A point cloud that was found readable: where it is, its frame, and what its points are.

    bounds: (west, south, east, north) in `crs`. heights: (lowest, highest) in metres. count, classes: points that count,
    in all and by their ASPRS class; withheld: those that their maker took back. heights_unit: of the file's own heights.
    """

    location: str
    crs: str
    bounds: tuple[float, float, float, float]
    heights: tuple[float, float]
    count: int
    classes: Mapping[int, int]
    withheld: int
    point_format: int
    heights_unit: str


class SourceFormat(Protocol):
    """Reads one file format. It only reads: checking, reprojecting and writing are the pipeline's."""

    @property
    def name(self) -> str:
        """The format's short name."""
        ...

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether a file with these first bytes and this name is of this format."""
        ...

    def read(self, source: Source, after: int = 0) -> Iterator[Batch | Raster | PointCloud]:
        """Everything in the source behind record `after`, in order, in memory that does not grow with the source.

        Raises BadSource or MissingCrs with the file's name in the message.
        """
        ...


# --- 2. layers (cim/layers) ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute of a layer: its name, what it holds, unit, domain.

    kind: `text`, `integer`, `real`, `time`, `json`; of what every feature says of itself also `date` and `boolean`.
    """

    name: str
    kind: str
    title: str
    title_en: str
    unit: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    words: tuple[tuple[str, str], ...] = ()
    """What each choice is called, in Chinese and in English; a delivery may write the Chinese word for the choice."""
    colours: tuple[str, ...] = ()
    """The colour of each choice where a rule gives it one (#rrggbb)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A kind of feature: geometry, columns with units and domains, and the CIM data class it belongs to."""

    name: str
    title: str
    title_en: str
    geometry: str
    """`polygon`, `line`, `point` (single and multi parts alike), `raster`, `points`, or `none`: records without a place."""
    columns: tuple[Column, ...]
    data_class: str
    """One of the seven CIM data classes, in Chinese: 时空基础, 资源调查, 规划管控, ..."""
    key: str = "id"
    """The source column that identifies a feature over deliveries; several are joined by `+`."""
    is_findable: bool = False
    """whether its named features are places that people look for by name (/places)"""
    group: str = "base"
    """Where people look for it: a key of `cim.layers.GROUPS`."""
    systems: tuple[str, ...] = ()
    """The systems of the city's notice that need it, by the ids of docs/layers.md."""
    z: bool = False
    """Whether its heights matter: lines keep a height at every vertex (city datum) beside their flat shape."""
    ascending: tuple[tuple[str, str], ...] = ()
    """Pairs of columns of which the first may not lie above the second: a ladder of levels."""
    stated_area: str | None = None
    """The column with the area (ha) that the owner states of a polygon, to be held against its shape."""
    legend: str | None = None
    """The column by whose choices the features are told apart on a map."""
    reach: str | None = None
    """What a point covers: `cone` (azimuth_deg, fov_deg, range_m) or `disc` (radius_m)."""
    icon: str = "place"
    colour: str = "#9fb6cd"


# --- 3. device protocols (loaders/protocols) -----------------------------------------------------------------------


class DeviceProtocol(Protocol):
    """Decodes one wire protocol; sans-I/O, so a captured frame is a test."""

    @property
    def name(self) -> str:
        """The protocol's short name."""
        ...

    def decode(self, frame: bytes, at: datetime) -> list[Observation]:
        """The readings in one frame that arrived at `at` (UTC). Raises BadInput on a frame that is not whole."""
        ...


# --- 4. analyses (cim/analyses) ------------------------------------------------------------------------------------


class Analysis(Protocol):
    """A question over layers: the worker fetches what it needs and stores what it answers."""

    @property
    def name(self) -> str:
        """The analysis's short name."""
        ...

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers it needs as input."""
        ...

    def run(
        self, inputs: Mapping[str, gpd.GeoDataFrame], params: Mapping[str, Any], progress: Progress
    ) -> Mapping[str, Any]:
        """The answer; pure. Raises BadInput for parameters out of range."""
        ...
