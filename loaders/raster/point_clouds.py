"""Point clouds on their way in: looked at, held to lie in the city, and catalogued where they are; points stay there."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cim.errors import BadInput, BadSource
from cim.layers import LAYERS
from cim.plugins import PointCloud
from cim.store import catalogue, publication, versions
from cim.store.db import Database
from cim.types import Report
from cim.whereabouts import outside
from loaders.delivery.files import File, recognise, refuse_changed
from loaders.job import Load, Preview


def load(database: Database, job: Load, elapsed: Callable[[], float]) -> Report:
    """Publish point clouds (one file, or several tiles of one CRS) as a dataset's new version.

    Raises BadSource or BadInput with a file's name, Preview for a preview.
    """
    source, files = job.source, job.files
    if source.heights != "1985":
        raise BadInput(
            f"{source.location}: heights = {source.heights!r}: the heights of points are taken as they are; "
            "bring them to the city's datum first"
        )
    clouds = [_looked_at(job, file) for file in files]
    crss = sorted({cloud.crs for cloud in clouds})
    if len(crss) > 1:
        raise BadSource(f"{source.location}: its files are in {len(crss)} CRSs ({', '.join(crss)[:200]}); expected one")
    refuse_changed(files)
    count = sum(cloud.count for cloud in clouds)
    left_out = sum(cloud.withheld for cloud in clouds)
    report = Report(
        job.dataset, source.location, count + left_out, count, 0, left_out,
        codes={"withheld": left_out} if left_out else {}, seconds=round(elapsed(), 3), version=job.version_id,
    )  # fmt: skip
    if job.preview:
        raise Preview(replace(report, preview=True, version=None))
    with database.begin() as connection:
        at = publication.stamp(connection)
        row = 1
        for file, cloud in zip(files, clouds, strict=True):
            versions.note_file(
                connection, job.version_id, versions.SourceFile(row, str(file.path), file.checksum, file.size)
            )
            row += cloud.count
        catalogue.settle_due(connection, job.dataset_id)
        versions.publish(connection, job.version_id, report, clouds[0].crs, at, note(files, clouds))
    return report


def _looked_at(job: Load, file: File) -> PointCloud:
    placed = replace(job.source, location=str(file.path), city=(job.city.extent, job.city.crs))
    cloud = next(iter(recognise(file.path).read(placed)))
    if not isinstance(cloud, PointCloud):
        raise BadSource(f"{file.path}: no point cloud, but layer {LAYERS[job.source.layer].name} holds such")
    reason = outside(cloud.bounds, cloud.crs, job.city.extent, job.city.crs)
    if reason is not None:
        raise BadInput(f"{file.path}: {reason}")
    return cloud


def note(files: Sequence[File], clouds: Sequence[PointCloud]) -> dict[str, Any]:
    """What the catalogue keeps of the clouds of a version: of all of them together, and where each file lies."""
    west, south = (min(cloud.bounds[i] for cloud in clouds) for i in (0, 1))
    east, north = (max(cloud.bounds[i] for cloud in clouds) for i in (2, 3))
    classes: Counter[int] = Counter()
    for cloud in clouds:
        classes.update(cloud.classes)
    return {
        "crs": clouds[0].crs,
        "bounds": [west, south, east, north],
        "height_range_m": [min(c.heights[0] for c in clouds), max(c.heights[1] for c in clouds)],
        "count": sum(cloud.count for cloud in clouds),
        "classes": {str(code): number for code, number in sorted(classes.items())},
        "withheld": sum(cloud.withheld for cloud in clouds),
        "heights_unit": clouds[0].heights_unit,
        "size": sum(file.size for file in files),
        "files": [
            {
                "path": str(file.path),
                "size": file.size,
                "mtime_ns": file.mtime_ns,
                "sha256": file.checksum,
                "bounds": list(cloud.bounds),
                "count": cloud.count,
                "point_format": cloud.point_format,
            }
            for file, cloud in zip(files, clouds, strict=True)
        ],
    }
