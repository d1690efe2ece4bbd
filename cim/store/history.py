"""History: what lies between two versions of a dataset, going back to one, and where a feature comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import shapely
from sqlalchemy import Connection, text

from cim import crs as frames
from cim.errors import BadInput, Conflict, Unknown
from cim.geometry import moved
from cim.layers import LAYERS
from cim.store.frame import srid
from cim.store.sql import statement
from cim.types import FloatArray

_PAGE = 5_000


@dataclass(frozen=True)
class Diff:
    """What lies between two versions of a dataset; it reads as it is iterated, within the transaction it was asked in.

    counts: added, removed, moved (the shape is another), changed (only attributes are). Moved ones may be changed too.
    """

    connection: Connection
    dataset: str
    layer: str
    dataset_id: int
    before: datetime
    after: datetime
    turned: bool
    """whether the first version named is the later one"""

    @cached_property
    def counts(self) -> dict[str, int]:
        """{added, removed, moved, changed}: how many objects (bodies, for buildings of several levels of detail)."""
        rows = self.connection.execute(statement(f"count_diff_{self._of()}"), self._moments())
        found = {self._turn(row.kind): int(row.number) for row in rows if row.kind is not None}
        return {kind: found.get(kind, 0) for kind in ("added", "removed", "moved", "changed")}

    @property
    def features(self) -> Iterator[dict[str, Any]]:
        """GeoJSON Features in lon/lat, ascending id: geometry as it is in the second version (as it was, of removed ones).

        properties: `change`, `changed` ({attribute: [first, second]}), and the attributes of the second (or only) state.
        """
        values = self._moments() | {"turned": self.turned}
        rows = self.connection.execute(statement(f"diff_{self._of()}"), values).yield_per(_PAGE)
        number = srid(self.connection)
        for page in rows.partitions(_PAGE):
            yield from self._shaped([row for row in page if row.kind is not None], number)

    def _of(self) -> str:
        return "bodies" if self.layer == "buildings" else "features"

    def _moments(self) -> dict[str, Any]:
        return {"dataset_id": self.dataset_id, "before": self.before, "after": self.after}

    def _turn(self, kind: str) -> str:
        """The kind of change, seen from the first version that was named."""
        return {"added": "removed", "removed": "added"}.get(kind, kind) if self.turned else kind

    def _shaped(self, page: list[Any], number: int) -> Iterator[dict[str, Any]]:
        shapes = shapely.from_wkb([None if row.shape is None else bytes(row.shape) for row in page])
        texts = shapely.to_geojson(moved(shapes, lambda xy: _degrees(xy, number)))
        for row, drawn in zip(page, texts, strict=True):
            before, after = (row.after, row.before) if self.turned else (row.before, row.after)
            old = None if before is None else orjson.loads(before)
            new = None if after is None else orjson.loads(after)
            state: dict[str, Any] = new or old or {"properties": {}}
            properties = {"change": self._turn(row.kind), "changed": _changed(old, new), **state, **state["properties"]}
            del properties["properties"]
            geometry = None if drawn is None else orjson.loads(drawn)
            yield {"type": "Feature", "id": row.id, "geometry": geometry, "properties": properties}


def _degrees(xy: FloatArray, srid: int) -> FloatArray:
    return np.round(frames.transform(xy, f"EPSG:{srid}", frames.LONLAT), 7)


def _changed(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, list[Any]]:
    """{attribute: [before, after]} of what differs; nothing where one of the two states is none."""
    if before is None or after is None:
        return {}
    found = {name: [value, after[name]] for name, value in before.items() if value != after[name]}
    if "properties" in found:
        old, new = found.pop("properties")
        names = dict.fromkeys([*old, *new])
        found |= {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}
    return found


def diff(connection: Connection, from_version: int, to_version: int) -> Diff:
    """What changed from one published version of a dataset to another.

    Raises Unknown for a version that was never published, BadInput for versions of two datasets or of a raster.
    """
    first, second = _published(connection, from_version), _published(connection, to_version)
    if first.dataset_id != second.dataset_id:
        raise BadInput(
            f"versions {from_version} and {to_version} belong to {first.dataset} and {second.dataset}: expected one"
        )
    if LAYERS[first.layer].geometry in ("raster", "points"):
        raise BadInput(
            f"dataset {first.dataset} is of pixels or points: its versions are files, which have no features to compare"
        )
    turned = first.published_at > second.published_at
    before, after = sorted((first.published_at, second.published_at))
    return Diff(connection, first.dataset, first.layer, first.dataset_id, before, after, turned)


def restore(connection: Connection, version_id: int, new_version: int, at: datetime) -> dict[str, int]:
    """Let the dataset be again what it was when a version was published, as states of `new_version`'s making.

    at: the transaction's record time. Nothing is deleted: what is taken back stays as what was known meanwhile. Restored
    states keep the version, file and row they came from. Returns {added, ended}: states that begin again and that end.
    """
    then = _published(connection, version_id)
    if LAYERS[then.layer].geometry in ("raster", "points"):
        return {}
    kind = "bodies" if then.layer == "buildings" else "features"
    values = {"dataset_id": then.dataset_id, "then": then.published_at, "stamp": at}
    ended = connection.execute(statement(f"end_later_{kind}"), values).rowcount
    added = connection.execute(statement(f"restore_{kind}"), values).rowcount
    return {"restored": added, "ended": ended}


def previous(connection: Connection, dataset: str) -> int:
    """The version before the present one, of those that were not taken back. Raises Conflict where there is none."""
    rows = connection.execute(
        text("""
            SELECT v.id, v.restores FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE d.name = :dataset AND v.published_at IS NOT NULL ORDER BY v.id DESC"""),
        {"dataset": dataset},
    ).all()
    if not rows:
        raise Unknown(f"no version of a dataset {dataset!r} was ever published")
    standing: list[int] = []  # versions whose deliveries count, oldest first
    for row in reversed(rows):
        if row.restores in standing:
            del standing[standing.index(row.restores) + 1 :]
        else:
            standing.append(row.restores or row.id)
    if len(standing) < 2:
        raise Conflict(
            f"dataset {dataset} has no version before {standing[-1]} to go back to; "
            "`cim load` of the same delivery with --mode terminate takes off what it brought"
        )
    return standing[-2]


def lineage(connection: Connection, layer: str, object_id: int) -> dict[str, Any]:
    """Where a feature comes from: every state it was in, each with its version, file, checksum and row; and who wore
    its id in other datasets. Raises Unknown where the layer never had it.
    """
    kind = "bodies" if LAYERS[layer].name == "buildings" else "features"
    states = [
        dict(row._mapping) for row in connection.execute(statement(f"trace_{kind}"), {"id": object_id, "layer": layer})
    ]
    if not states:
        raise Unknown(f"layer {layer} has never had a feature {object_id}")
    keys = connection.execute(
        text("""
            SELECT d.name AS dataset, k.source_key, k.score, k.why FROM (
                SELECT dataset_id, source_key, NULL::real AS score, NULL AS why FROM cim.object WHERE id = :id
                UNION ALL
                SELECT dataset_id, source_key, score, why FROM cim.object_alias WHERE object_id = :id
            ) k JOIN cim.dataset d ON d.id = k.dataset_id ORDER BY d.id"""),
        {"id": object_id},
    )
    return {"layer": layer, "id": object_id, "keys": [dict(row._mapping) for row in keys], "states": states}


def _published(connection: Connection, version_id: int) -> Any:
    row = connection.execute(
        text("""
            SELECT v.id, v.dataset_id, v.published_at, d.name AS dataset, d.layer
            FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id WHERE v.id = :id"""),
        {"id": version_id},
    ).one_or_none()
    if row is None or row.published_at is None:
        raise Unknown(f"there is no published version {version_id}; `cim versions` lists them")
    return row
