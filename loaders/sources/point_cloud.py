"""Point clouds, LAS and LAZ: read through once before anyone relies on them, then given out chunk by chunk in city frame."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import laspy
import numpy as np
import numpy.typing as npt
from pyproj import CRS

from cim import crs as frames
from cim.errors import BadInput, BadSource, MissingCrs
from cim.plugins import PointCloud, Source
from cim.types import Box, FloatArray
from loaders.formats.las_header import MAGIC, Head, check
from loaders.formats.stated_crs import likely

CHUNK_POINTS = 500_000
_PROJECTION = "LASF_Projection"
_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some points. xyz: (n, 3) float64, metres, city frame. classification: (n,) uint8, the codes of ASPRS LAS."""

    xyz: FloatArray
    classification: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Las:
    """The format. Reading is checking: every point is decoded once, in memory that does not grow with the file."""

    name: str = "LAS"

    def sniff(self, head: bytes, name: str) -> bool:
        """By the first four bytes."""
        return head.startswith(MAGIC)

    def read(self, source: Source, after: int = 0) -> Iterator[PointCloud]:
        """The one cloud of a file.

        Raises MissingCrs when neither file nor owner states one, BadSource when they disagree, when its header says what
        its file cannot hold, or when a point cannot be decoded: with how many could.
        """
        sums = _apart(source.location)
        low, high, classes = sums.low, sums.high, sums.classes
        if not classes.any():
            raise BadSource(f"{source.location}: no points; expected at least one")
        with _opened(source.location) as (reader, head):
            crs, factor, unit = _frame(reader, source, sums.sample)
        yield PointCloud(
            location=source.location,
            crs=crs,
            bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
            heights=(float(low[2] * factor), float(high[2] * factor)),
            count=int(classes.sum()),
            classes={code: int(classes[code]) for code in np.flatnonzero(classes).tolist()},
            withheld=sums.withheld,
            point_format=head.point_format,
            heights_unit=unit,
        )


LAS = Las()


@dataclass(frozen=True, slots=True)
class _Sums:
    """What all points of a file come to. low, high: (3,) in the file's frame. classes: (256,). sample: (n, 2) of them."""

    low: FloatArray
    high: FloatArray
    classes: npt.NDArray[np.int64]
    withheld: int
    sample: FloatArray


def _apart(location: str) -> _Sums:
    """The sums of a file, decoded in a process of its own: damaged chunks can bring the decoder down, not only to errors.

    Raises BadSource as decoding does, and where the process died.
    """
    context = multiprocessing.get_context("fork")  # nothing is begun anew in it: it decodes, answers and ends
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(location, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        found = ours.recv()
    except EOFError:
        child.join()
        why = f"the decoder died at it (exit code {child.exitcode})"
        raise BadSource(f"{location}: not readable as LAS: its packed points are damaged, {why}") from None
    finally:
        ours.close()
        child.join()
    if isinstance(found, str):
        raise BadSource(found)
    return cast(_Sums, found)


def _answer(location: str, pipe: Connection) -> None:
    """Send the sums of a file, or the sentence why there are none."""
    try:
        with _opened(location) as (reader, head):
            pipe.send(_summed(reader, head, location))
    except BadSource as error:
        pipe.send(str(error))


def _summed(reader: Any, head: Head, location: str) -> _Sums:
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    classes = np.zeros(256, dtype=np.int64)
    withheld, sample = 0, np.zeros((0, 2))
    for xyz, codes, kept in _decoded(reader, head, location):
        withheld += int((~kept).sum())
        classes += np.bincount(codes[kept], minlength=256)
        if kept.any():
            low, high = np.minimum(low, xyz[kept].min(axis=0)), np.maximum(high, xyz[kept].max(axis=0))
        if not len(sample):
            sample = xyz[kept][:: max(1, len(xyz) // _SAMPLE), :2]
    return _Sums(low, high, classes, withheld, sample)


def points(source: Source, box: Box | None = None) -> Iterator[Chunk]:
    """The points of a file, those withheld left out, chunk by chunk in the city frame, its heights in metres.

    source: its `city` says the frame. box: only what lies in it (city frame, edges included); None: all. Raises BadSource
    or MissingCrs as reading does.
    """
    if source.city is None:
        raise BadInput(f"{source.location}: points are given in a city's frame, and none is named")
    frame = source.city[1]
    with _opened(source.location) as (reader, head):
        crs, factor, _ = _frame(reader, source, None)
        for xyz, codes, kept in _decoded(reader, head, source.location):
            xyz, codes = xyz[kept], codes[kept]
            xy = xyz[:, :2] if crs == frame else frames.transform(xyz[:, :2], crs, frame)
            within = np.isfinite(xy).all(axis=1)
            if box is not None:
                within &= (xy[:, 0] >= box.west) & (xy[:, 0] <= box.east)
                within &= (xy[:, 1] >= box.south) & (xy[:, 1] <= box.north)
            if within.any():
                yield Chunk(np.column_stack([xy[within], xyz[within, 2] * factor]), codes[within])


@contextmanager
def _opened(location: str) -> Iterator[tuple[Any, Head]]:
    """A reader of a file whose header was held against its size. Whatever the decoder throws is one sentence."""
    try:
        with Path(location).open("rb") as file:
            head = check(file, Path(location).stat().st_size, location)
            file.seek(0)
            # One thread: the parallel decoder holds many packed chunks at once.
            backends = laspy.LazBackend.Lazrs if head.is_packed else None
            with laspy.open(file, laz_backend=backends, closefd=False) as reader:
                yield reader, head
    except (BadInput, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except OSError as error:
        raise BadSource(f"{location}: cannot be read: {error.strerror or error}") from error
    except BaseException as error:  # the decoder is in Rust: its panics are no Exception
        raise BadSource(f"{location}: not readable as LAS: {str(error) or type(error).__name__}") from error


def _decoded(
    reader: Any, head: Head, location: str
) -> Iterator[tuple[FloatArray, npt.NDArray[np.uint8], npt.NDArray[np.bool_]]]:
    """(xyz (n, 3) in the file's frame, classification (n,), whether a point is not withheld (n,)), chunk by chunk."""
    done = 0
    while done < head.count:
        wanted = min(CHUNK_POINTS, head.count - done)
        try:
            record = reader.read_points(wanted)
        except (GeneratorExit, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            why = str(error) or type(error).__name__
            told = f"unreadable behind point {done:,} of {head.count:,}: {why}"
            raise BadSource(f"{location}: {told}") from error
        if len(record) != wanted:
            raise BadSource(f"{location}: breaks off: {done + len(record):,} of {head.count:,} points are there")
        xyz = np.column_stack([record.x, record.y, record.z]).astype(np.float64, copy=False)
        codes = np.asarray(record.classification, dtype=np.uint8)
        kept = ~np.asarray(record.withheld, dtype=bool) & np.isfinite(xyz).all(axis=1)
        done += wanted
        yield xyz, codes, kept


def _frame(reader: Any, source: Source, sample: FloatArray | None) -> tuple[str, float, str]:
    """(canonical CRS, metres in a unit of its heights, that unit). sample: (n, 2) coordinates, for a hint."""
    told = _told(reader, source.location)
    try:
        known = None if told is None else frames.parse(told.to_wkt(), old_datum=source.datum_shift is not None)
        stated = None if source.crs is None else frames.parse(source.crs, old_datum=source.datum_shift is not None)
    except BadInput as error:
        raise BadSource(f"{source.location}: {error}") from error
    if known is None and stated is None:
        raise MissingCrs(
            f'{source.location}: states no CRS; write `crs = "..."` beside it in the city file, or say --crs. Likely: '
            f"{likely(source, sample)}"
        )
    if known is not None and stated is not None and known != stated:
        raise BadSource(f"{source.location}: the file says {known}, the city file says {stated}; one of them is wrong")
    crs = str(stated or known)
    if told is None and crs not in (frames.GCJ02, frames.BD09):
        told = CRS.from_user_input(crs)  # a frame in feet has heights in feet, unless it says otherwise
    factor, unit = (1.0, "metre") if told is None else _heights(told)
    return crs, factor, unit


def _told(reader: Any, location: str) -> CRS | None:
    """The CRS that a file says: by its WKT or its GeoTIFF keys, which must then be readable."""
    tables = [*reader.header.vlrs.get_by_id(_PROJECTION)]
    tables += [] if reader.header.evlrs is None else reader.header.evlrs.get_by_id(_PROJECTION)
    if not tables:
        return None
    try:
        found = reader.header.parse_crs()
    except Exception as error:
        raise BadSource(f"{location}: the CRS in its header cannot be made out: {error}") from error
    return None if found is None else CRS.from_wkt(found.to_wkt())


def _heights(crs: CRS) -> tuple[float, str]:
    """(metres in a unit, the unit) of the heights of a CRS: its own vertical axis, else that of its horizontal ones."""
    axes = [axis for axis in crs.axis_info if axis.direction in ("up", "down")]
    plane = [axis for axis in crs.axis_info if axis.unit_name not in ("degree", "radian", "grad")]
    axis = next(iter([*axes, *plane]), None)
    if axis is None:
        return 1.0, "metre"
    return axis.unit_conversion_factor, axis.unit_name
