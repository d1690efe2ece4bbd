"""What OpenStreetMap's tags say in the words of the layers: which objects belong to a table, and their columns."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Tags = Mapping[str, str]

_FEET = 0.3048
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(m|metres?|meters?|ft|feet|')?\s*$")
_FEET_AND_INCHES = re.compile(r"\s*(\d+)'\s*(?:(\d+(?:\.\d+)?)\"?)?\s*$")
_YEAR = re.compile(r"(\d{4})(?:-\d\d){0,2}$")
_HAN = re.compile("[\u4e00-\u9fff]")

_USES = {
    "residential": "residential apartments house detached semidetached_house terrace dormitory bungalow hut",
    "commercial": "commercial retail supermarket hotel kiosk shop mall",
    "office": "office",
    "industrial": "industrial warehouse factory manufacture",
    "public": "public civic government townhall library museum fire_station police",
    "religious": "religious church cathedral chapel temple mosque shrine monastery synagogue place_of_worship",
    "education": "education school university college kindergarten",
    "medical": "medical hospital clinic",
    "transport": "transportation train_station station bus_station",
}
_USE_OF = {word: use for use, words in _USES.items() for word in words.split()}
_ROOFS = {"flat": "flat", "skillion": "shed", "gabled": "gable", "hipped": "hip", "pyramidal": "pyramidal"}
_ROOFS |= {"hipped-and-gabled": "hip_and_gable"}
_SIGHTS = ("historic", "tourism", "amenity", "man_made", "leisure", "shop", "office", "place_of_worship")


@dataclass(frozen=True, slots=True)
class Table:
    """Objects of one theme. shape: `area`, `line`, or `point` (nodes, and a point in each area).

    keys: an object without any of these tags is passed over unseen; takes: whether one belongs here; columns: the
    layer's columns that its tags fill, None where they are silent.
    """

    name: str
    shape: str
    keys: tuple[str, ...]
    takes: Callable[[Tags], bool]
    columns: Callable[[Tags], dict[str, Any]]


def name(tags: Tags) -> str | None:
    """What people call it on the spot, else in Chinese."""
    return tags.get("name") or tags.get("name:zh")


def metres(text: str | None) -> float | str | None:
    """A length; text where it is none, so that whoever reads the report sees it.

    >>> metres("12"), metres("12.5 m"), metres("40 ft"), metres("high"), metres(None)
    (12.0, 12.5, 12.192, 'high', None)
    """
    if text is None:
        return None
    feet = _FEET_AND_INCHES.match(text)
    if feet:
        return round((int(feet[1]) + float(feet[2] or 0) / 12.0) * _FEET, 3)
    found = _NUMBER.match(text)
    if not found:
        return text
    return round(float(found[1]) * (_FEET if found[2] in ("ft", "feet", "'") else 1.0), 3)


def storeys(text: str | None) -> int | str | None:
    """Storeys above ground; a part of one counts as one.

    >>> storeys("6"), storeys("2.5"), storeys("5;6"), storeys(None)
    (6, 3, '5;6', None)
    """
    found = None if text is None else _NUMBER.match(text)
    return text if found is None or found[2] else math.ceil(float(found[1]))


def address(tags: Tags) -> str | None:
    """The address in one line: as the place writes it (Chinese from the large to the small), None without a street.

    >>> address({"addr:city": "大同市", "addr:street": "大北街", "addr:housenumber": "12号"})
    '大同市大北街12号'
    >>> address({"addr:street": "Main Street", "addr:housenumber": "5", "addr:city": "X"})
    'Main Street 5, X'
    """
    if tags.get("addr:full"):
        return tags["addr:full"]
    street = tags.get("addr:street") or tags.get("addr:place")
    if not street:
        return None
    number = tags.get("addr:housenumber", "")
    if _HAN.search(street):
        wider = (tags.get(f"addr:{part}", "") for part in ("province", "city", "district", "subdistrict"))
        return "".join([*wider, street, number])
    city = tags.get("addr:city")
    return f"{street} {number}".strip() + (f", {city}" if city else "")


def _building(tags: Tags) -> dict[str, Any]:
    height, roof = metres(tags.get("height") or tags.get("building:height")), metres(tags.get("roof:height"))
    eaves = round(height - roof, 3) if isinstance(height, float) and isinstance(roof, float) and roof < height else None
    year = _YEAR.match(tags.get("start_date", ""))
    kind = tags.get("building", "")
    return {
        "name": name(tags),
        "address": address(tags),
        "use": _USE_OF.get(kind) or _USE_OF.get(tags.get("building:use", "")) or _USE_OF.get(tags.get("amenity", "")),
        "storeys": storeys(tags.get("building:levels")),
        "height_m": height,
        "eaves_m": eaves,
        "roof_form": _ROOFS.get(tags.get("roof:shape", "")),
        "year": int(year[1]) if year else None,
    }


def _road(tags: Tags) -> dict[str, Any]:
    return {"name": name(tags), "class": tags["highway"], "width_m": metres(tags.get("width"))}


def _kind(*keys: str) -> Callable[[Tags], dict[str, Any]]:
    def columns(tags: Tags) -> dict[str, Any]:
        return {"name": name(tags), "kind": next((tags[key] for key in keys if key in tags), None)}

    return columns


def _sight(tags: Tags) -> dict[str, Any]:
    return {**_kind(*_SIGHTS)(tags), "height_m": metres(tags.get("height"))}


def _addressed(tags: Tags) -> dict[str, Any]:
    return {"name": name(tags), "address": address(tags), "kind": _kind(*_SIGHTS, "building")(tags)["kind"]}


def _is(key: str, *values: str) -> Callable[[Tags], bool]:
    return lambda tags: tags.get(key) in values if values else tags.get(key, "no") != "no"


def _is_water(tags: Tags) -> bool:
    return tags.get("natural") == "water" or tags.get("waterway") == "riverbank" or tags.get("landuse") in _BASINS


def _is_road(tags: Tags) -> bool:
    """A street along a line: one that is mapped as an area is no line round it."""
    return tags.get("highway", "no") != "no" and tags.get("area") != "yes"


def _is_square(tags: Tags) -> bool:
    """A square, or a street for walking that is mapped as an area."""
    return tags.get("place") == "square" or (tags.get("highway") == "pedestrian" and tags.get("area") == "yes")


def _is_green(tags: Tags) -> bool:
    return tags.get("leisure") in _PARKS or tags.get("landuse") in _GREENS or tags.get("natural") in _WILD


_WATER_KEYS, _GREEN_KEYS = ("natural", "waterway", "landuse"), ("leisure", "landuse", "natural")
_BASINS = ("reservoir", "basin")
_PARKS, _GREENS, _WILD = ("park", "garden"), ("grass", "forest", "village_green"), ("wood", "grassland")

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("buildings", "area", ("building",), _is("building"), _building),
        Table("roads", "line", ("highway",), _is_road, _road),
        Table("railways", "line", ("railway",), _is("railway"), _kind("railway")),
        Table(
            "water",
            "area",
            ("natural", "waterway", "landuse"),
            _is_water,
            _kind("water", "natural", "waterway", "landuse"),
        ),
        Table("waterways", "line", ("waterway",), _is("waterway"), _kind("waterway")),
        Table(
            "green_spaces", "area", ("leisure", "landuse", "natural"), _is_green, _kind("leisure", "landuse", "natural")
        ),
        Table("squares", "area", ("place", "highway"), _is_square, _kind("place", "highway")),
        Table("places", "point", ("place",), lambda tags: "place" in tags and name(tags) is not None, _kind("place")),
        Table("landmarks", "point", _SIGHTS, lambda tags: name(tags) is not None, _sight),
        Table(
            "addresses", "point", ("addr:housenumber", "addr:full"), lambda tags: address(tags) is not None, _addressed
        ),
    )
}
"""the tables that a file of OpenStreetMap is read as, by name; a layer of the same name takes its own"""
