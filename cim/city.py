"""The city as a value: what `city.toml` says, parsed and checked. Reading the file is the caller's."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from cim import crs as frames
from cim import source_entry
from cim.errors import BadInput, BadSettings
from cim.source_entry import NamedSource
from cim.types import Box

TEXTURES = ("webp", "ktx2")


@dataclass(frozen=True, slots=True)
class OldTown:
    """The town modelled in L3: its name and its centre (WGS 84 degrees), where the viewer first looks."""

    name: str
    name_en: str
    centre: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds of the checks: what share may be rejected, and the plausible ranges in metres."""

    max_rejected_share: float = 0.2
    storey_height_m: tuple[float, float] = (2.2, 6.0)
    building_height_m: tuple[float, float] = (1.0, 400.0)
    assumed_storey_m: float = 3.0
    assumed_height_m: float = 3.0
    min_footprint_m2: float = 1.0
    overlap_share: float = 0.1
    address_reach_m: float = 30.0
    """how far the building of an address may be from its point (the project's own default)"""
    hall_storey_height_m: tuple[float, float] = (2.2, 15.0)
    """of a hall of a temple or a palace, which is one storey up to the eaves (the project's own default)"""
    base_tolerance_m: float = 2.0
    """how far a stated ground height may be from the elevation model's (the project's own default)"""
    max_share: Mapping[str, float] = field(default_factory=dict)
    """code -> the largest share of a source's records that may have it"""
    absent: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """layer -> column -> classes that this city has none of: a record of one is refused"""


@dataclass(frozen=True, slots=True)
class Intake:
    """What an archive or a fetched file may come to before it is refused unread; the defaults are the project's own.

    max_bytes: of one delivery, fetched and unpacked. max_ratio: unpacked over packed bytes, beyond 100 MiB unpacked.
    max_entries: files in one archive.
    """

    max_bytes: int = 20 << 30
    max_ratio: float = 200.0
    max_entries: int = 100_000


@dataclass(frozen=True, slots=True)
class City:
    """One city: names, division code, frame, extent (WGS 84 degrees), old town, limits, sources, and what it lets in."""

    name: str
    name_en: str
    code: str
    crs: str
    height_datum: str
    geoid_offset_m: float
    extent: Box
    time_zone: str
    old_town: OldTown | None
    limits: Limits
    sources: tuple[NamedSource, ...]
    generator: str | None
    intake: Intake = field(default_factory=Intake)
    textures: str = TEXTURES[0]
    """how the pictures of the tiles are packed: one of TEXTURES"""

    @property
    def srid(self) -> int:
        """The EPSG number of the city frame."""
        return int(self.crs.removeprefix("EPSG:"))

    def centre(self) -> tuple[float, float]:
        """The middle of the extent, lon/lat degrees."""
        return ((self.extent.west + self.extent.east) / 2, (self.extent.south + self.extent.north) / 2)

    def frame_box(self, margin_m: float = 0.0) -> Box:
        """The extent in the city frame (metres): the box round its densified outline, grown by a margin."""
        e, steps = self.extent, np.linspace(0.0, 1.0, 33)
        x, y = e.west + steps * (e.east - e.west), e.south + steps * (e.north - e.south)
        edges = [(x, 0 * x + e.south), (x, 0 * x + e.north), (0 * y + e.west, y), (0 * y + e.east, y)]
        ring = np.concatenate([np.column_stack(edge) for edge in edges])
        xy = frames.transform(ring, frames.LONLAT, self.crs)
        low, high = xy.min(axis=0) - margin_m, xy.max(axis=0) + margin_m
        return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def parse(text: str, name: str = "city.toml") -> City:
    """The city that a `city.toml` describes.

    Raises BadSettings with the file, the key and what was expected.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{name}: not valid TOML: {error}") from error
    try:
        return _city(data)
    except KeyError as error:
        raise BadSettings(f"{name}: key {error} is missing") from error
    except (TypeError, ValueError, BadInput) as error:
        raise BadSettings(f"{name}: {error}") from error


_KEYS = {
    "city": {"name", "name_en", "code", "crs", "height_datum", "geoid_offset_m", "extent", "time_zone"},
    "old_town": {"name", "name_en", "centre"},
    "limits": {
        *("max_rejected_share", "storey_height_m", "building_height_m"),
        *("assumed_storey_m", "assumed_height_m", "min_footprint_m2", "overlap_share", "max_share", "absent"),
        *("max_delivery_gib", "max_unpack_ratio", "max_archive_files"),
        *("address_reach_m", "hall_storey_height_m", "base_tolerance_m"),
    },
    "tiles": {"textures"},
    "sample": {"generator"},
}


def _refuse_strange_keys(data: Mapping[str, Any]) -> None:
    """A misspelt key must not be taken for an absent one."""
    strange = sorted(set(data) - set(_KEYS) - {"source"})
    if strange:
        raise ValueError(f"unknown tables {strange}; known: {sorted([*_KEYS, 'source'])}")
    for table, known in _KEYS.items():
        strange = sorted(set(data.get(table, {})) - known)
        if strange:
            raise ValueError(f"[{table}]: unknown keys {strange}; known: {sorted(known)}")


def _share(value: Any, key: str) -> float:
    share = float(value)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{key} = {value}: expected a share, 0 to 1")
    return share


def _city(data: Mapping[str, Any]) -> City:
    _refuse_strange_keys(data)
    city, limits = data["city"], data.get("limits", {})
    town = data.get("old_town")
    names = [entry["name"] for entry in data.get("source", ())]
    if len(set(names)) != len(names):
        raise ValueError(f"two sources share a name: {sorted(n for n in names if names.count(n) > 1)}")
    frame = frames.parse(str(city["crs"]))
    if not frame.startswith("EPSG:") or frames.is_geographic(frame):
        raise ValueError(f"city.crs {city['crs']!r} must be a projected EPSG code in metres, such as EPSG:4547")
    return City(
        name=str(city["name"]),
        name_en=str(city.get("name_en", city["name"])),
        code=str(city.get("code", "")),
        crs=frame,
        height_datum=str(city.get("height_datum", "EPSG:5737")),
        geoid_offset_m=float(city.get("geoid_offset_m", 0.0)),
        extent=_extent(city["extent"]),
        time_zone=str(city.get("time_zone", "Asia/Shanghai")),
        old_town=None if town is None else _old_town(town),
        limits=_limits(limits),
        sources=tuple(source_entry.parse(entry, number) for number, entry in enumerate(data.get("source", ()))),
        generator=cast(str | None, data.get("sample", {}).get("generator")),
        intake=_intake(limits),
        textures=_textures(data.get("tiles", {})),
    )


def _textures(tiles: Mapping[str, Any]) -> str:
    name = str(tiles.get("textures", TEXTURES[0]))
    if name not in TEXTURES:
        raise ValueError(f"tiles.textures = {name!r}: expected one of {', '.join(TEXTURES)}")
    return name


def _limits(limits: Mapping[str, Any]) -> Limits:
    return Limits(
        max_rejected_share=_share(limits.get("max_rejected_share", 0.2), "limits.max_rejected_share"),
        storey_height_m=_range(limits.get("storey_height_m", (2.2, 6.0)), "limits.storey_height_m"),
        building_height_m=_range(limits.get("building_height_m", (1.0, 400.0)), "limits.building_height_m"),
        assumed_storey_m=float(limits.get("assumed_storey_m", 3.0)),
        assumed_height_m=float(limits.get("assumed_height_m", 3.0)),
        min_footprint_m2=float(limits.get("min_footprint_m2", 1.0)),
        overlap_share=_share(limits.get("overlap_share", 0.1), "limits.overlap_share"),
        address_reach_m=float(limits.get("address_reach_m", 30.0)),
        hall_storey_height_m=_range(limits.get("hall_storey_height_m", (2.2, 15.0)), "limits.hall_storey_height_m"),
        base_tolerance_m=float(limits.get("base_tolerance_m", 2.0)),
        max_share={
            str(code): _share(value, f"limits.max_share.{code}") for code, value in limits.get("max_share", {}).items()
        },
        absent=_absent(limits.get("absent", {})),
    )


def _intake(limits: Mapping[str, Any]) -> Intake:
    usual = Intake()
    found = Intake(
        max_bytes=int(float(limits.get("max_delivery_gib", usual.max_bytes / (1 << 30))) * (1 << 30)),
        max_ratio=float(limits.get("max_unpack_ratio", usual.max_ratio)),
        max_entries=int(limits.get("max_archive_files", usual.max_entries)),
    )
    if found.max_bytes <= 0 or found.max_ratio <= 0 or found.max_entries <= 0:
        raise ValueError("limits.max_delivery_gib, max_unpack_ratio and max_archive_files must lie above 0")
    return found


def _absent(layers: Any) -> dict[str, dict[str, tuple[str, ...]]]:
    expected = 'limits.absent: expected a table such as hazard_factors = { hazard = ["sea"] }'
    if not isinstance(layers, Mapping) or not all(isinstance(columns, Mapping) for columns in layers.values()):
        raise ValueError(expected)
    classes = [one for columns in layers.values() for one in columns.values()]
    if not all(isinstance(one, list) and all(isinstance(name, str) for name in one) for one in classes):
        raise ValueError(expected)
    return {name: {column: tuple(one) for column, one in columns.items()} for name, columns in layers.items()}


def _old_town(town: Mapping[str, Any]) -> OldTown:
    lon, lat = _numbers(town["centre"], 2, "old_town.centre")
    return OldTown(
        name=str(town["name"]),
        name_en=str(town.get("name_en", town["name"])),
        centre=(lon, lat),
    )


def _numbers(values: Any, count: int, key: str) -> tuple[float, ...]:
    if not isinstance(values, list | tuple) or len(values) != count:
        raise ValueError(f"{key} must be {count} numbers, not {values!r}")
    return tuple(float(v) for v in values)


def _extent(values: Any) -> Box:
    box = Box(*_numbers(values, 4, "city.extent"))
    if not (box.west >= -180 and box.east <= 180 and box.south >= -90 and box.north <= 90):
        raise ValueError(f"city.extent {list(box.as_tuple())}: expected west, south, east, north in degrees")
    return box


def _range(values: Any, key: str) -> tuple[float, float]:
    low, high = _numbers(values, 2, key)
    if low > high:
        raise ValueError(f"{key}: the lower bound {low} is above the upper {high}")
    return low, high
