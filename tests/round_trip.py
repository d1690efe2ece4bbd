"""What a database shows and a package told of itself, and whether the one came back as the other was."""

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

import pyogrio
import shapely

from cim.exports.manifest import Entry
from cim.store import records
from cim.store.db import Database
from cim.store.records import Wanted

_TURNED = ("shp",)  # formats that turn rings their own way


def held(database: Database, layer: str, **told: Any) -> dict[str, dict[str, Any]]:
    """{key: record} of what a layer shows, without what only this database can know."""
    wanted = Wanted(layer, **told)
    with records.snapshot(database) as snapshot:
        pages = list(snapshot.pages(wanted, snapshot.survey(wanted)))
    rows = [dict(zip(page, values, strict=True)) for page in pages for values in zip(*page.values(), strict=True)]
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        row["extra"] = None if row["extra"] is None else json.loads(row["extra"])
        found[row["cim_key"]] = {
            k: v for k, v in row.items() if not k.startswith("cim_") or k in ("cim_key", "cim_level")
        }
    return found


def lost(folder: Path, entry: Entry) -> set[tuple[str, str]]:
    """{(key, column)} of the values that a table's format could not hold."""
    if entry.losses_file is None:
        return set()
    keys = list(
        pyogrio.read_dataframe(folder / entry.files[0].path, columns=["cim_key"], read_geometry=False)["cim_key"]
    )
    lines = (folder / entry.losses_file).read_text(encoding="utf-8").splitlines()
    return {(keys[loss["row"] - 1], loss["column"]) for loss in map(json.loads, lines)}


def assert_same(
    found: dict[str, dict[str, Any]],
    expected: dict[str, dict[str, Any]],
    format: str = "gpkg",
    lost: Set[tuple[str, str]] = frozenset(),
) -> None:
    """Every value of every record, but for those that are told to be lost."""
    assert found.keys() == expected.keys()
    for key, record in expected.items():
        shape, other = (shapely.from_wkb(bytes(r.pop("geometry") or b"") or None) for r in (record, found[key]))
        if format in _TURNED:
            shape, other = shapely.normalize(shape), shapely.normalize(other)
        assert shape == other, key
        if shape is not None:
            heights = [shapely.get_coordinates(s, include_z=True)[:, 2].tolist() for s in (shape, other)]
            assert heights[0] == heights[1] or not shape.has_z, key
            assert shape.has_z == other.has_z, key
        for column, value in record.items():
            if (key, column) not in lost:
                assert found[key][column] == value, (key, column)
