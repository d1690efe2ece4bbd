"""The statistics of a tileset by the rules: of properties the schema has, and true of what the tileset holds."""

from typing import Any

import numpy as np

from tests.tileset_rules import schema as schemas
from tests.tileset_rules.report import Report
from tests.tileset_rules.tables import is_no_data, transformed
from tests.tileset_rules.tile import TableSeen, Tile

_MEASURES = {
    "min": np.min, "max": np.max, "mean": np.mean, "median": np.median, "standardDeviation": np.std,
    "variance": np.var, "sum": np.sum,
}  # fmt: skip
_RELATIVE = 1e-4
"""How exactly a mean or a sum must be met; the project's own figure. Extremes must be met to a float's precision."""


def check(root: Tile, report: Report) -> None:
    """The statistics of every tileset JSON of a tree, against the contents below its root."""
    for tile in root.walk():
        statistics = tile.declared.get("statistics") if tile.is_root else None
        if statistics is None:
            continue
        schema = tile.declared.get("schema")
        for class_name, stated in statistics.get("classes", {}).items():
            declared = schemas.classes(schema).get(class_name)
            if declared is None:
                report.add(tile.base, "statistics.declared", f"there is no class {class_name} in the schema")
            else:
                _class(tile, class_name, stated, (declared, schema), report)


def _class(
    tile: Tile, class_name: str, stated: dict[str, Any], known: tuple[dict[str, Any], dict[str, Any]], report: Report
) -> None:
    declared, schema = known
    strange = sorted(stated.get("properties", {}).keys() - declared.keys())
    if strange:
        report.add(tile.base, "statistics.declared", f"{class_name} has no {', '.join(strange)}")
    # A thing may be drawn at several levels. What "occurs in the tileset" may be every row, every thing once, or
    # those of the finest tiles: the statistics must be true of one of these as a whole.
    told = [_untrue(class_name, stated, rows, declared, schema) for rows in _populations(tile, class_name)]
    for what in min(told, key=len, default=[f"{class_name} does not occur"]):
        report.add(tile.base, "statistics.values", what)


def _populations(tile: Tile, class_name: str) -> list[TableSeen]:
    every = [(below, table) for below in tile.walk() for table in below.tables if table.class_name == class_name]
    if not every:
        return []
    whole = _joined([table for _, table in every])
    found = [whole, _joined([table for below, table in every if not below.children])]
    if "id" in whole.columns:
        first = np.sort(np.unique(whole.columns["id"], return_index=True)[1])
        found.append(TableSeen(class_name, len(first), {name: col[first] for name, col in whole.columns.items()}))
    return found


def _joined(tables: list[TableSeen]) -> TableSeen:
    if not tables:
        return TableSeen("", 0, {})
    names = set.intersection(*(set(table.columns) for table in tables))
    columns = {name: np.concatenate([table.columns[name] for table in tables]) for name in names}
    return TableSeen(tables[0].class_name, sum(table.count for table in tables), columns)


def _untrue(
    class_name: str, stated: dict[str, Any], rows: TableSeen, declared: dict[str, Any], schema: dict[str, Any]
) -> list[str]:
    """What of a class's statistics is not so."""
    told = []
    if "count" in stated and stated["count"] != rows.count:
        told.append(f"{class_name}: count {stated['count']}, found {rows.count}")
    for name, measures in stated.get("properties", {}).items():
        values = rows.columns.get(name)
        if values is None or len(values) == 0 or name not in declared:
            continue
        known = values[~is_no_data(values.reshape(len(values), -1), declared[name])]
        for measure, value in measures.items():
            if measure in _MEASURES and len(known):
                found = _MEASURES[measure](transformed(known.astype(np.float64), declared[name]), axis=0)
                exact = 1e-6 if measure in ("min", "max") else _RELATIVE
                if not np.allclose(np.ravel(value), np.ravel(found), rtol=exact, atol=exact * 1e-3):
                    told.append(f"{class_name}.{name}: {measure} {value}, found {np.ravel(found).tolist()}")
            elif measure == "occurrences":
                found_by_name = _occurrences(values, declared[name], schema)
                if {k: v for k, v in value.items() if v} != found_by_name:
                    told.append(f"{class_name}.{name}: occurrences {value}, found {found_by_name}")
    return told


def _occurrences(values: np.ndarray, declared: dict[str, Any], schema: dict[str, Any]) -> dict[str, int]:
    enum = schema.get("enums", {}).get(declared.get("enumType"), {})
    names = {entry["value"]: entry["name"] for entry in enum.get("values", [])}
    codes, counts = np.unique(values, return_counts=True)
    return {names.get(code, str(code)): count for code, count in zip(codes.tolist(), counts.tolist(), strict=True)}
