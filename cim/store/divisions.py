"""Divisions in the store: the tree of their codes, the one owner of a point at each level, outlines to divide further."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy import Connection, text

from cim import divisions
from cim.divisions import LEVELS, Candidate, Tree
from cim.errors import BadInput, Unknown
from cim.ownership import BORDER_M, GAP_M, Near, owners
from cim.store.frame import srid, to_frame

# A state that holds now; every query of this file says so in the same words.
_CURRENT = "f.record_to IS NULL AND cim.holds(f.valid_from, f.valid_to, now())"
_CODE = "f.properties ->> 'code'"
_IS_CODE = f"{_CODE} ~ '^[1-9][0-9]{{5}}([0-9]{{3}}){{0,3}}$' AND {_CODE} !~ '^[0-9]{{12}}000$'"

# The table of codes wins over what an outline says of itself; `feature_id` is the outline's.
_UNITS = text(f"""
    SELECT DISTINCT ON (code) *, max(outline) OVER (PARTITION BY code) AS feature_id
    FROM (SELECT {_CODE} AS code, f.name, f.properties ->> 'parent' AS parent, f.properties ->> 'successors' AS successors,
                 f.properties ->> 'ended_on' AS ended_on, f.properties ->> 'statistical' AS statistical,
                 f.properties ->> 'trust' AS trust, f.source, f.layer, f.object_id,
                 CASE f.layer WHEN 'divisions' THEN f.object_id END AS outline
          FROM cim.feature f
          WHERE {_CURRENT} AND f.layer IN ('divisions', 'division_codes') AND {_IS_CODE}
            AND (CAST(:codes AS text[]) IS NULL OR {_CODE} = ANY(CAST(:codes AS text[])))) held
    ORDER BY code, layer, object_id""")  # 'division_codes' < 'divisions'

_NEAR = text(f"""
    SELECT {_CODE} AS code, min(f.name) AS name, min(ST_Distance(f.geom, p.geom)) AS distance_m
    FROM cim.feature f, (SELECT ST_SetSRID(ST_MakePoint(:x, :y), :srid) AS geom) p
    WHERE {_CURRENT} AND f.layer IN ('divisions', 'unit_grids') AND ST_DWithin(f.geom, p.geom, :reach) AND {_IS_CODE}
    GROUP BY 1""")

_OUTLINES = text(f"""
    SELECT DISTINCT ON (code) {_CODE} AS code, ST_AsBinary(f.geom) AS shape, f.is_synthetic, f.dataset_id
    FROM cim.feature f
    WHERE {_CURRENT} AND f.layer = 'divisions' AND {_IS_CODE}
    ORDER BY code, f.object_id""")

_VERSIONS = text("""
    SELECT d.id, d.name, v.id AS version_id
    FROM cim.dataset d JOIN cim.dataset_version v ON v.dataset_id = d.id AND v.state = 'published'
    WHERE d.layer = 'divisions'""")


@dataclass(frozen=True, slots=True)
class Outline:
    """A division's code and shape (city frame), and where it comes from: the dataset and its published version."""

    code: str
    shape: shapely.Geometry
    is_synthetic: bool
    dataset: str | None
    version_id: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """The tree that the store holds, and the feature ids of the units that have an outline."""

    tree: Tree
    features: dict[str, int]


def held(connection: Connection, codes: Sequence[str] | None = None) -> Held:
    """All units that are known now (or those of these codes), with or without an outline; old and statistical ones too."""
    values = {"codes": None if codes is None else list(codes)}
    rows = [dict(row._mapping) for row in connection.execute(_UNITS, values)]
    tree = Tree.of(divisions.unit(row) for row in rows)
    outlined = {divisions.normal(row["code"]): int(row["feature_id"]) for row in rows if row["feature_id"] is not None}
    return Held(tree, outlined)


def chain(connection: Connection, lon: float, lat: float, gap_m: float = GAP_M) -> dict[str, dict[str, Any]]:
    """The one owner of a point at each level that has one, from the city to the unit grid (the rule: `cim.ownership`).

    lon, lat: WGS 84 degrees. Each: code, name, level, how (`covers`, `gap`, or `above`: by the code of the owner below),
    distance_m (None for `above`). Raises BadInput for a place that the city frame cannot hold.
    """
    x, y = to_frame(connection, [(lon, lat)])[0].tolist()
    values = {"x": x, "y": y, "srid": srid(connection), "reach": max(gap_m, BORDER_M)}
    rows = connection.execute(_NEAR, values).all()
    if not rows:
        return {}
    tree = held(connection, sorted({c for row in rows for c in (row.code, *divisions.lineage(row.code))})).tree
    names = {row.code: row.name for row in rows}
    without = {row.code for row in rows if tree.is_statistical(row.code) or tree.is_old(row.code)}
    found = owners([Near(row.code, row.distance_m) for row in rows], gap_m, without)
    chained = {
        name: _owner(near.code, names[near.code], "covers" if near.distance_m <= BORDER_M else "gap", near.distance_m)
        for name, near in found.items()
    }
    finest = next((found[name] for name in reversed(LEVELS) if name in found), None)
    for code in () if finest is None else divisions.lineage(finest.code):
        known = tree.units.get(code)
        chained.setdefault(divisions.level(code), _owner(code, known.name if known else None, "above", None))
    return {name: chained[name] for name in LEVELS if name in chained and name != "province"}


def owner(connection: Connection, lon: float, lat: float, level: str | None = None) -> dict[str, Any] | None:
    """The owner of a point at one level, or the finest division that owns it (no unit grid); None where nobody does.

    Raises BadInput for a level that does not exist.
    """
    if level is not None and level not in LEVELS:
        raise BadInput(f"level {level!r} does not exist; expected one of {', '.join(LEVELS)}")
    found = chain(connection, lon, lat)
    if level is not None:
        return found.get(level)
    return next((found[name] for name in reversed(LEVELS) if name in found and name != "grid"), None)


def listing(
    connection: Connection, level: str | None = None, parent: str | None = None, with_old: bool = False
) -> list[dict[str, Any]]:
    """Units by rising code: of one level, directly under one unit, or all; old ones only if asked for.

    Raises Unknown for a parent that nobody knows, BadInput for a level or code that is none.
    """
    if level is not None and level not in LEVELS[:-1]:
        raise BadInput(f"level {level!r} does not exist; expected one of {', '.join(LEVELS[:-1])}")
    known = held(connection)
    codes: Sequence[str] = sorted(known.tree.units)
    if parent is not None:
        above = divisions.normal(parent)
        codes = known.tree.children(above)
        if not codes and above not in known.tree.units:
            raise Unknown(f"no division has the code {above}")
    return [
        describe(known, code)
        for code in codes
        if (level is None or divisions.level(code) == level) and (with_old or not known.tree.is_old(code))
    ]


def describe(known: Held, code: str) -> dict[str, Any]:
    """What the store knows of one unit in its tree."""
    unit = known.tree.units[code]
    above = known.tree.ancestors(code)
    return {
        "code": code,
        "name": unit.name,
        "path": known.tree.path_name(code),
        "level": divisions.level(code),
        "parent": above[0] if above else unit.parent,
        "children": sum(1 for c in known.tree.children(code) if not known.tree.is_old(c)),
        "is_statistical": known.tree.is_statistical(code),
        "is_old": known.tree.is_old(code),
        "ended_on": unit.ended_on,
        "source": unit.source,
        "trust": unit.trust,
        "feature": known.features.get(code),
    }


def resolve(
    connection: Connection, known: Held, code: str, place: tuple[float, float] | None = None
) -> tuple[Candidate, ...]:
    """What a code stands for today, best first; a place (lon, lat) settles which of several it is."""
    owning = () if place is None else tuple(unit["code"] for unit in chain(connection, *place).values())
    return known.tree.resolve(code, owning)


def outlines(connection: Connection) -> list[Outline]:
    """The outlines of all divisions that are in force and statutory, by rising code."""
    tree = held(connection).tree
    versions = {row.id: (row.name, int(row.version_id)) for row in connection.execute(_VERSIONS)}
    found = []
    for row in connection.execute(_OUTLINES):
        if not (tree.is_old(row.code) or tree.is_statistical(row.code)):
            dataset, version = versions.get(row.dataset_id, (None, None))
            shape = shapely.from_wkb(bytes(row.shape))
            found.append(Outline(divisions.normal(row.code), shape, bool(row.is_synthetic), dataset, version))
    return found


def _owner(code: str, name: str | None, how: str, distance_m: float | None) -> dict[str, Any]:
    distance = None if distance_m is None else round(distance_m, 4)
    return {"code": code, "name": name, "level": divisions.level(code), "how": how, "distance_m": distance}
