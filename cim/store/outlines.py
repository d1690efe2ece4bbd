"""Outlines of buildings as each dataset tells them, and the photos they can be held against, with their stated accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from cim.errors import Conflict
from cim.store.db import json_text
from cim.types import ObjectArray


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Footprints (n,) of one dataset, city frame; accuracy_m: the median of what its records state, None: nothing.

    version: the one that was published when they were read; None: none was.
    """

    dataset: str
    version: int | None
    footprint: ObjectArray
    accuracy_m: float | None


def datasets(connection: Connection) -> list[str]:
    """The datasets that tell of buildings of their own now, by name; derived ones do not."""
    rows = connection.execute(
        text("""
            SELECT d.name FROM cim.dataset d
            WHERE d.layer = 'buildings' AND EXISTS (
                SELECT FROM cim.body b
                WHERE b.dataset_id = d.id AND b.record_to IS NULL AND b.role <> 2
                  AND NOT b.properties ? 'tells_of' AND coalesce(b.height_basis, '') <> 'dsm')
            ORDER BY d.name""")
    )
    return [str(name) for name in rows.scalars()]


def of_dataset(connection: Connection, dataset: str) -> Outlines:
    """What a dataset itself says where buildings stand, whoever else tells of them; in the order of the tile grid."""
    rows = connection.execute(  # one statement: the version and its outlines are of one moment
        text("""
            SELECT ST_AsBinary(b.footprint) AS shape, b.accuracy_m, v.id AS version
            FROM cim.dataset d
            LEFT JOIN cim.dataset_version v ON v.dataset_id = d.id AND v.state = 'published'
            LEFT JOIN cim.body b ON b.dataset_id = d.id AND b.record_to IS NULL AND b.role <> 2
                                AND cim.holds(b.valid_from, b.valid_to, now())
            WHERE d.name = :dataset
            ORDER BY b.cell, b.building_id"""),
        {"dataset": dataset},
    ).all()
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows if row.shape is not None], dtype=object))
    stated = [row.accuracy_m for row in rows if row.accuracy_m is not None]
    version = rows[0].version if rows else None
    return Outlines(dataset, version, shapes, float(np.median(stated)) if stated else None)


def photos(connection: Connection) -> list[dict[str, Any]]:
    """The parts of every published orthophoto, the finest first, each with its `dataset`, its `version` and
    stated `accuracy_m`.
    """
    rows = connection.execute(
        text("""
            SELECT d.name, v.id, v.accuracy_m, v.raster
            FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id
            WHERE v.state = 'published' AND d.layer = 'orthophoto' AND v.raster IS NOT NULL ORDER BY d.id""")
    )
    found = [
        {**part, "dataset": row.name, "version": row.id, "accuracy_m": row.accuracy_m}
        for row in rows
        for part in row.raster.get("parts") or [row.raster]
    ]
    return sorted(found, key=lambda part: float(part["pixel_m"]))


def note(connection: Connection, version: int, offset: Mapping[str, Any]) -> None:
    """Let the version that was measured tell, in its report, how far the photo lies off; and when that was found.

    Raises Conflict where it is not the published one any more: nothing is noted then.
    """
    noted = connection.execute(
        text("""
            UPDATE cim.dataset_version
            SET report = coalesce(report, '{}') || jsonb_build_object(
                'photo_offset', CAST(:offset AS jsonb) || jsonb_build_object('found_at', now()))
            WHERE id = :version AND state = 'published'"""),
        {"version": version, "offset": json_text(offset)},
    )
    if noted.rowcount == 0:
        raise Conflict(f"version {version} was measured, but is not the published one any more; nothing is noted of it")
