"""Pictures that bodies show: each kept once, under the sha256 of its bytes, which appearances name in its place."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

from cim.boundary import PICTURE

_NAME = re.compile("[0-9a-f]{64}")  # no picture in base64 looks so: a WebP begins with UklG


@dataclass(slots=True)
class Pictures:
    """Those of some bodies on their way into the store."""

    _names: dict[str, str] = field(default_factory=dict)
    _bytes: dict[str, bytes] = field(default_factory=dict)

    def named(self, appearance: Mapping[str, Any]) -> dict[str, Any]:
        """An appearance with names in the places of its pictures; what is a name already, or no picture, stays."""
        return _changed(appearance, self._name)

    def put(self, cursor: "psycopg.Cursor[Any]", into: LiteralString) -> None:
        """Write what was named into a table; what is there is there."""
        rows = sorted(self._bytes.items())  # in one order, so that two loads that wait for each other get on
        cursor.executemany(f"INSERT INTO {into} (hash, webp) VALUES (%s, %s) ON CONFLICT DO NOTHING", rows)

    def _name(self, told: str) -> str:
        if told not in self._names:
            try:
                data = base64.b64decode(told, validate=True)
            except binascii.Error:
                return told
            name = told if _NAME.fullmatch(told) else hashlib.sha256(data).hexdigest()
            self._names[told] = name
            if name != told:
                self._bytes[name] = data
        return self._names[told]


def shown(
    connection: psycopg.Connection[Any], appearances: Sequence[Mapping[str, Any] | None]
) -> list[Mapping[str, Any] | None]:
    """Appearances with the pictures that they name in base64, one text for all that show it; what is not there is none."""
    names = {told[PICTURE] for one in appearances if one for told in _textures(one) if _held(told)}
    if not names:
        return list(appearances)
    rows = connection.execute("SELECT hash, webp FROM cim.picture WHERE hash = ANY(%s)", [sorted(names)]).fetchall()
    packed = {name: base64.b64encode(data).decode() for name, data in rows}
    return [one and _changed(one, lambda name: packed.get(name, "")) for one in appearances]


def _changed(appearance: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    textures = _textures(appearance)
    if not any(_held(one) for one in textures):
        return dict(appearance)
    found = [{**one, PICTURE: change(one[PICTURE])} if _held(one) else one for one in textures]
    return {**appearance, "textures": found}


def _textures(appearance: Mapping[str, Any]) -> list[Any]:
    told = appearance.get("textures")
    return told if isinstance(told, list) else []


def _held(told: Any) -> bool:
    return isinstance(told, Mapping) and isinstance(told.get(PICTURE), str)
