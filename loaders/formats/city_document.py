"""A text of CityJSON as values, and the city objects in it whose id stands there before: JSON readers keep one silently."""

import json
import re
from collections import Counter
from typing import Any

import orjson

from cim.cityjson.record import PARTS, Broken
from cim.errors import BadInput

_OBJECTS = "CityObjects"
_KEY_OF_OBJECT = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"\s*+:\s*+\{')
# Whole numbers of more digits are floats, as orjson reads them (and Python refuses to read thousands of digits).
_MOST_DIGITS = 18


def parse(text: bytes) -> tuple[Any, tuple[Broken, ...]]:
    """The value, with the first object of each id; buildings and their parts that an earlier object's id is given to.

    Raises orjson.JSONDecodeError for what is no JSON, BadInput for ids twice in what is nested too deeply to tell them.
    """
    value = orjson.loads(text)
    if not _may_repeat(text, value):
        return value, ()
    del value  # a document is large: not two of it at a time
    try:
        told = json.loads(text, object_pairs_hook=_Object, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"ids of its city objects occur twice, and which cannot be told: {error}") from error
    first: dict[str, Any] = {}
    again: list[Broken] = []
    for name, held in told.pairs:
        for id, one in held.pairs if name == _OBJECTS and isinstance(held, _Object) else ():
            if id not in first:
                first[id] = one
            elif not isinstance(one, dict) or one.get("type") in ("Building", *PARTS):
                again.append(Broken(id, "duplicate_key", "an object before it has this id", {"CityObject": one}))
    return {**told, _OBJECTS: first}, tuple(again)


class _Object(dict[str, Any]):
    """An object of JSON with its members as they are written, the repeated ones too."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _may_repeat(text: bytes, value: Any) -> bool:
    """Whether an id may stand twice: it, or the member that holds them all, names more objects of the text than are kept.

    The second look, which is sure, takes several times as long, and a file that is as it should be hardly ever needs it.
    """
    objects = value.get(_OBJECTS) if isinstance(value, dict) else None
    if not isinstance(objects, dict):
        return False
    names = (found[1] for found in _KEY_OF_OBJECT.finditer(text))
    counts = Counter(str(orjson.loads(b'"%b"' % name)) if b"\\" in name else name.decode() for name in names)
    return counts[_OBJECTS] > 1 or any(counts[id] > isinstance(one, dict) for id, one in objects.items())


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)
