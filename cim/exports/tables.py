"""One table of a package: surveyed, written in every format asked for, and described."""

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyogrio.errors import DataLayerError, DataSourceError

from cim import crs as frames
from cim.assembly import Parts
from cim.city import City
from cim.errors import BadInput, CimError
from cim.exports import credits, solids, standing
from cim.exports.batches import batches
from cim.exports.losses import Ledger
from cim.exports.manifest import ColumnNote, Entry, File
from cim.exports.order import Item, Order
from cim.exports.sheet import Sheet, TargetFormat, Written
from cim.exports.targets import MODELS, TARGETS, delimited
from cim.layers import LAYERS
from cim.plugins import Column
from cim.store import catalogue
from cim.store.db import Connection
from cim.store.record_columns import columns
from cim.store.records import Snapshot, Survey, Wanted
from cim.types import Box, Progress

_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)


def write(
    snapshot: Snapshot, connection: Connection, city: City, order: Order, item: Item, folder: Path, progress: Progress
) -> list[Entry]:
    """Write a table in every format of the order; nothing where it holds no record."""
    assert item.wanted is not None
    _refuse_strange(order, item)
    survey = snapshot.survey(item.wanted)
    if not survey.count:
        return []
    target_crs = city.crs if order.crs is None else frames.parse(order.crs)
    # GCJ-02 wears no code that programs know: who opens the file must see in its name that nothing lies where it says.
    label = "" if target_crs.startswith("EPSG:") else "." + target_crs.lower().replace("-", "")
    sheet = Sheet(
        name=item.name,
        columns=_columns(item, survey),
        shapes=survey.shapes,
        has_z=survey.has_z,
        crs=target_crs,
        records=survey.count,
        points=survey.points,
        box=None if survey.box is None else _box(survey.box, city.crs, target_crs),
        encoding="",
        widths={},
        stamp=_stamp(connection, survey),
        height_datum=city.height_datum,
    )
    entries = []
    for name in order.formats:
        target = TARGETS[name]
        widths = snapshot.widths(item.wanted) if target.name == "shp" else {}
        encoding = order.encoding if order.encoding in target.encodings else target.encodings[0]
        one = replace(sheet, encoding=str(encoding), widths=widths)
        ledger = Ledger(folder / f"{item.name}{label}.{target.name}.losses.jsonl")
        path = folder / f"{item.name}{label}{target.suffix}"
        rows = _records(snapshot, item.wanted, survey, one, city)
        if name in MODELS:
            rows = _models(snapshot, connection, item.wanted, survey, one, city, order.terrain)
        written = _carried(target, one, _told(rows, survey.count, one.name, progress), path, ledger)
        entries.append(_entry(connection, item, survey, one, target, written, ledger))
    return entries


def _refuse_strange(order: Order, item: Item) -> None:
    """A city model holds buildings, and nothing else."""
    for name in order.formats:
        if name in MODELS and item.layer != "buildings":
            raise BadInput(
                f"{TARGETS[name].title} holds buildings alone, not {item.layer}: expected the layer buildings, or a "
                "dataset of it"
            )


def _records(snapshot: Snapshot, wanted: Wanted, survey: Survey, sheet: Sheet, city: City) -> Iterator[pa.RecordBatch]:
    return batches(snapshot.pages(wanted, survey), sheet.columns, city.crs, sheet.crs)


def _models(
    snapshot: Snapshot,
    connection: Connection,
    wanted: Wanted,
    survey: Survey,
    sheet: Sheet,
    city: City,
    terrain: standing.Terrain | None,
) -> Iterator[pa.RecordBatch]:
    """The same with the surfaces of every body, on its ground."""
    ground = standing.grounds(connection, city.crs, terrain)
    parts = Parts.of(snapshot.assembly_parts(wanted))
    pages = solids.with_bodies(snapshot.pages(wanted, survey, bodies=True), ground, city.crs, sheet.crs, parts)
    return batches(pages, sheet.columns, city.crs, sheet.crs, solids.COLUMNS)


def _told(rows: Iterator[pa.RecordBatch], count: int, name: str, progress: Progress) -> Iterator[pa.RecordBatch]:
    """The batches, with real counts told as they are handed on."""
    done = 0
    for batch in rows:
        yield batch
        done += batch.num_rows
        progress(done, count, name)


def _carried(
    target: TargetFormat, sheet: Sheet, records: Iterator[pa.RecordBatch], path: Path, ledger: Ledger
) -> Written:
    """Let the target write. What fails in reading comes out as what it was, not as what GDAL or Arrow make of it."""
    failed: list[BaseException] = []

    def watched() -> Iterator[pa.RecordBatch]:
        try:
            yield from records
        except BaseException as error:
            failed.append(error)
            raise

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", message="'crs' was not provided"
            )  # of GCJ-02: the name of the file says it
            return target.write(sheet, watched(), str(path), ledger)
    except (DataSourceError, DataLayerError, pa.ArrowException, RuntimeError) as error:
        if failed:
            raise failed[0] from None
        raise CimError(f"{path.name}: {target.title} could not be written: {error}") from error
    except OSError as error:
        if failed:
            raise failed[0] from error
        raise


def _columns(item: Item, survey: Survey) -> tuple[Column, ...]:
    """The columns of the layer; whole numbers of which some are not, are real ones."""
    found = columns(LAYERS[item.layer])
    return tuple(replace(c, kind="real") if c.name in survey.fractions else c for c in found)


def _box(box: Box, source: str, target: str) -> Box:
    """The box round a box in another frame, its sides in short steps."""
    if source == target:
        return box
    x, y = np.linspace(box.west, box.east, 33), np.linspace(box.south, box.north, 33)
    ring = np.array([(a, b) for a in x for b in y if a in x[[0, -1]] or b in y[[0, -1]]])
    moved = frames.transform(ring, source, target)
    low, high = moved.min(axis=0), moved.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _stamp(connection: Connection, survey: Survey) -> datetime:
    """When the newest of the versions that brought the records was published: the same for the same records."""
    times = [v["published_at"] for v in catalogue.versions(connection) if v["id"] in survey.versions]
    return max((t.astimezone(UTC) for t in times if t is not None), default=_EPOCH)


def _entry(
    connection: Connection,
    item: Item,
    survey: Survey,
    sheet: Sheet,
    target: TargetFormat,
    written: Written,
    ledger: Ledger,
) -> Entry:
    layer = LAYERS[item.layer]
    lost = ledger.close()
    lineage = credits.lineage(connection, survey.versions)
    return Entry(
        name=item.name,
        layer=layer.name,
        title=layer.title,
        title_en=layer.title_en,
        dataset=item.dataset,
        version=None if item.version is None else int(item.version["id"]),
        format=target.name,
        crs=sheet.crs if sheet.shape else None,
        encoding=sheet.encoding,
        records=survey.count,
        shapes=tuple(sorted(survey.shapes)),
        has_z=survey.has_z,
        place=delimited.places(sheet) if target.name == "csv" else (),
        columns=tuple(
            ColumnNote(c.name, written.names.get(c.name, c.name), c.kind, c.unit, c.title, c.title_en)
            for c in sheet.columns
        ),
        files=tuple(_file(Path(path)) for path in written.files),
        losses=dict(sorted(ledger.counts.items())),
        losses_file=None if lost is None else lost.name,
        lineage=lineage,
        licences=credits.licences(connection, sorted({origin.dataset for origin in lineage})),
    )


def _file(path: Path) -> File:
    with path.open("rb") as file:
        return File(path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
