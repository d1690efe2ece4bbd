"""Addresses of a batch read into their parts, and their division checked by text and by place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cim import divisions
from cim.address.gazetteer import Gazetteer
from cim.address.parse import Parsed
from cim.address.parts import PARTS
from cim.address.standard import standard
from cim.errors import BadInput
from cim.plugins import Layer, Source
from cim.store.db import Connection, Database
from cim.store.divisions import held, outlines
from cim.types import Issue, ObjectArray
from loaders.addressing.address_readers import Readers
from loaders.judging.checks import Checked

LAYER = "addresses"
_parts = attrgetter(*PARTS)
_COLUMNS = ["place_name" if part == "name" else part for part in PARTS]


@dataclass(frozen=True, slots=True)
class Reference:
    """What addresses are read against: the names of the divisions, and their outlines (city frame), the largest first."""

    readers: Readers
    codes: tuple[str, ...]
    shapes: tuple[shapely.Geometry, ...]


def reference(connection: Connection) -> Reference:
    """The divisions that the store holds now."""
    drawn = sorted(outlines(connection), key=lambda one: (len(one.code), one.code))
    shapes = [one.shape for one in drawn]
    shapely.prepare(shapes)
    return Reference(Readers(Gazetteer.of(held(connection).tree)), tuple(one.code for one in drawn), tuple(shapes))


def needed(database: Database, layer: Layer, source: Source) -> Reference | None:
    """The divisions of now, if a delivery has addresses to be read."""
    if layer.name != LAYER or source.mode == "terminate":
        return None
    with database.begin() as connection:
        return reference(connection)


def read(checked: Checked, against: Reference) -> Checked:
    """A judged batch of the layer with its addresses in parts; what the source says of a part itself stands."""
    frame = checked.frame
    if not len(frame):
        return checked
    parsed = against.readers.read(frame["address"].tolist())
    there = _owners(frame.geometry.to_numpy(), against)
    given = frame["division"].tolist()
    issues: list[Issue] = []
    codes: list[str | None] = []
    for row, one, stated, place in zip(frame.index.tolist(), parsed, given, there, strict=True):
        issues += [Issue(reason.code, reason.message, int(row)) for reason in one.reasons]
        code, found = _division(int(row), one, stated, place)
        codes.append(code)
        issues += found
    return replace(checked, frame=_with_parts(frame, parsed, codes), issues=(*checked.issues, *issues))


def _with_parts(frame: gpd.GeoDataFrame, parsed: Sequence[Parsed], codes: Sequence[str | None]) -> gpd.GeoDataFrame:
    columns = zip(*(_parts(one.address) for one in parsed), strict=True)
    read: dict[str, list[Any]] = {name: list(values) for name, values in zip(_COLUMNS, columns, strict=True)}
    read["standard"] = [standard(one.address) for one in parsed]
    out = frame.copy()
    for name, values in read.items():
        stated = frame[name].tolist()
        said = (
            [value or None for value in values]
            if not any(stated)
            else [s or v or None for s, v in zip(stated, values, strict=True)]
        )
        out[name] = pd.Series(said, index=frame.index, dtype=object)
    out["division"] = pd.Series(list(codes), index=frame.index, dtype=object)
    return cast(gpd.GeoDataFrame, out)


def _division(row: int, parsed: Parsed, stated: str | None, place: str) -> tuple[str | None, list[Issue]]:
    """The code that the record gets: the source's own, else the text's, else the place's; and what speaks against it."""
    issues: list[Issue] = []
    said = parsed.division
    if stated is not None:
        try:
            own = divisions.normal(stated)
        except BadInput as error:
            return stated, [Issue("code_invalid", str(error), row)]
        if said and not _agree(own, said):
            issues.append(Issue("address_division", f"division {own} is given, but the address says {said}", row))
    if said and place and not _agree(said, place):
        issues.append(Issue("address_elsewhere", f"the address says {said}, but the point lies in {place}", row))
    return stated or said or place or None, issues


def _agree(one: str, other: str) -> bool:
    """Whether two units are the same, or one lies in the other."""
    return divisions.is_under(one, other) or divisions.is_under(other, one)


def _owners(shapes: ObjectArray, against: Reference) -> list[str]:
    """The finest division with an outline that each point (n,) lies in; empty where none does."""
    found = np.full(len(shapes), "", dtype=object)
    xy = np.full((len(shapes), 2), np.nan)
    there = ~shapely.is_missing(shapes)
    xy[there] = shapely.get_coordinates(shapely.centroid(shapes[there]))
    for code, outline in zip(against.codes, against.shapes, strict=True):
        west, south, east, north = shapely.bounds(outline)
        near = np.flatnonzero((xy[:, 0] >= west) & (xy[:, 0] <= east) & (xy[:, 1] >= south) & (xy[:, 1] <= north))
        found[near[shapely.contains_xy(outline, xy[near, 0], xy[near, 1])]] = code
    return cast(list[str], found.tolist())
