"""What answers may tell of the server's disk: the names of files, never the folders they lie in."""

import re
from collections.abc import Sequence
from typing import Any

_FOLDERS = re.compile(r"(?<![\w./:<>-])(?:[A-Za-z]:[\\/])?[\\/](?:[^\\/\s'\":;,()]+[\\/])+")
_FILES = frozenset({"location", "path", "file"})
_SENTENCES = frozenset({"message", "reason", "repaired", "why"})


def base_name(location: str) -> str:
    """The last part of a path, or of an address without the key that may stand behind it.

    >>> base_name("/data/in/roads.geojson"), base_name("roads.geojson"), base_name("C:\\\\in\\\\a.shp")
    ('roads.geojson', 'roads.geojson', 'a.shp')
    >>> base_name("https://me:secret@host/in/a.zip?key=secret")
    'a.zip'
    """
    if "://" in location:
        location = location.split("?", 1)[0].split("#", 1)[0]
    return location.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def without_folders(sentence: str, locations: Sequence[str] = ()) -> str:
    """A sentence whose paths are base names. locations: paths that may stand in it, however they are written.

    >>> without_folders("/data/in/a.csv: no column 'id', 3 m/s, http://host/x/y")
    "a.csv: no column 'id', 3 m/s, http://host/x/y"
    >>> without_folders("in put/a.csv: empty", ["in put/a.csv"])
    'a.csv: empty'
    """
    for location in sorted(filter(None, locations), key=len, reverse=True):
        sentence = sentence.replace(location, base_name(location))
    return _FOLDERS.sub("", sentence)


def public(value: Any, locations: Sequence[str] = (), key: str = "") -> Any:
    """A JSON value in which whatever names a file names it without its folders; all else as it is.

    >>> public({"raster": {"path": "/srv/dem.tif", "bands": 1}, "issues": [{"message": "/srv/in/dem.tif: torn"}]})
    {'raster': {'path': 'dem.tif', 'bands': 1}, 'issues': [{'message': 'dem.tif: torn'}]}
    """
    if isinstance(value, dict):
        return {name: public(inner, locations, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [public(inner, locations, key) for inner in value]
    if isinstance(value, str) and key in _FILES:
        return base_name(value)
    if isinstance(value, str) and key in _SENTENCES:
        return without_folders(value, locations)
    return value
