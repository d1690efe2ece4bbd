"""Feature ids and attributes of a model: ids are rows of a table, tables are sound."""

from typing import Any

import numpy as np

from tests.tileset_rules import schema as schemas
from tests.tileset_rules import tables
from tests.tileset_rules.glb import Gltf
from tests.tileset_rules.json_text import is_whole
from tests.tileset_rules.tile import Tile

_FEATURES, _METADATA = "EXT_mesh_features", "EXT_structural_metadata"


def check(gltf: Gltf, tile: Tile) -> None:
    """The feature ids and property tables of a model; the tile keeps what the tables hold."""
    metadata = gltf.document.get("extensions", {}).get(_METADATA, {})
    listed = metadata.get("propertyTables", [])
    schema = metadata.get("schema")
    if metadata and "schemaUri" not in metadata:
        schemas.check(schema, gltf.uri, gltf.report)
    if isinstance(schema, dict):
        source = tables.Source(gltf.view, lambda view: _start(gltf, view), gltf.uri, gltf.report)
        for index, table in enumerate(listed):
            seen = tables.check(table, schema, source, f"propertyTables[{index}]")
            if seen is not None:
                tile.tables.append(seen)
                tile.declared.setdefault("content_schema", schema)
    for mesh in gltf.listed("meshes"):
        for primitive in mesh.get("primitives", []):
            for entry in primitive.get("extensions", {}).get(_FEATURES, {}).get("featureIds", []):
                _ids(gltf, primitive, entry, listed)


def _start(gltf: Gltf, view: Any) -> int:
    """Where an uncompressed view starts in the file's binary chunk."""
    entry = gltf.one("bufferViews", view)
    return int((entry or {}).get("byteOffset", 0))


def _ids(gltf: Gltf, primitive: dict[str, Any], entry: dict[str, Any], listed: list[Any]) -> None:
    uri, report = gltf.uri, gltf.report
    count, table = entry.get("featureCount"), entry.get("propertyTable")
    rows = None
    if table is not None:
        if not is_whole(table) or table >= len(listed):
            report.add(uri, "features.table", f"propertyTable {table!r} of {len(listed)}")
        else:
            rows = listed[int(table)].get("count")
    if not is_whole(count, 1):
        report.add(uri, "features.count", f"featureCount is {count!r}")
        return
    if is_whole(rows, 1) and count > rows:
        report.add(uri, "features.table", f"featureCount {count} is more than the table's {rows} rows")
    if "attribute" not in entry:
        return
    accessor = primitive.get("attributes", {}).get(f"_FEATURE_ID_{entry['attribute']}")
    values = None if accessor is None else gltf.accessor(accessor)
    if values is None or values.shape[1] != 1 or (values != np.floor(values)).any() or (values < 0).any():
        report.add(uri, "features.ids", f"_FEATURE_ID_{entry['attribute']!r} is not there, or no whole numbers")
        return
    found = np.unique(values)
    found = found[found != entry["nullFeatureId"]] if "nullFeatureId" in entry else found
    if len(found) > count:
        report.add(uri, "features.count", f"{len(found)} ids, featureCount {count}")
    limit = rows if is_whole(rows, 1) else count if table is None else None
    if limit is not None and len(found) and found.max() >= limit:
        report.add(uri, "features.table" if table is not None else "features.count", f"id {found.max()} of {limit}")
