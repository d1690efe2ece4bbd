"""The bodies of a model file as it has them, whether or not it says where it stands: for looking at, not for loading."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cim import crs as frames
from cim.boundary import Boundary
from cim.city import City
from cim.errors import BadSource, MissingCrs
from cim.plugins import Batch, Source
from loaders.delivery.files import recognise
from loaders.sources import mesh_model


@dataclass(frozen=True, slots=True)
class ModelBody:
    """One body of a file. id: as the file has it, or its row; lod: NaN unknown."""

    id: str
    lod: float
    boundary: Boundary


@dataclass(frozen=True, slots=True)
class ModelBatch:
    """Some bodies, metres. damaged: records that could not be made out, in words. records: in the whole file, if known."""

    bodies: tuple[ModelBody, ...]
    damaged: tuple[str, ...]
    records: int | None


def model_bodies(path: Path, city: City) -> Iterator[ModelBatch]:
    """The bodies of a CityJSON, CityGML, glTF, OBJ or COLLADA file, batch by batch.

    Coordinates in degrees are moved to the city frame; a file that does not say its CRS is taken to be in metres. Raises
    BadSource for a file that cannot be read, or has no bodies.
    """
    for batch in _batches(path, city):
        if "boundary" not in batch.frame:
            raise BadSource(f"{path}: has no bodies; expected CityJSON, CityGML, glTF, OBJ or COLLADA")
        yield ModelBatch(
            tuple(_bodies(batch, city)), tuple(f"row {one.row}: {one.reason}" for one in batch.damaged), batch.records
        )


def _batches(path: Path, city: City) -> Iterator[Batch]:
    """Where nobody says the CRS, that of the city: plan and height in metres is all that is asked of it."""
    kind = recognise(path)
    # An OBJ does not say which axis points up; a turned body is as valid as one that stands.
    source = Source(
        str(path),
        "buildings",
        city=(city.extent, city.crs),
        height_datum=city.height_datum,
        up="z" if kind.name == mesh_model.OBJ.name else None,
    )
    try:
        found: Iterator[Any] = iter(kind.read(source))
        first = next(found, None)
    except MissingCrs:
        found = iter(kind.read(replace(source, crs=city.crs)))
        first = next(found, None)
    while first is not None:
        if not isinstance(first, Batch):
            raise BadSource(
                f"{path}: is {kind.name}, which has no bodies; expected CityJSON, CityGML, glTF, OBJ, COLLADA"
            )
        yield first
        first = next(found, None)


def _bodies(batch: Batch, city: City) -> Iterator[ModelBody]:
    frame = batch.frame
    lods = frame["lod"] if "lod" in frame else [np.nan] * len(frame)
    names = frame.get("id", frame.index)
    for name, lod, boundary in zip(names, lods, frame["boundary"], strict=True):
        if boundary is None:
            continue
        if frames.is_geographic(batch.crs):
            at = boundary.positions()
            at[:, :2] = frames.transform(at[:, :2], batch.crs, city.crs)
            boundary = boundary.at(at)
        yield ModelBody(str(name), float(lod), boundary)
