"""Where records come from and whose they are: the lineage and the licences that a manifest tells."""

from collections.abc import Sequence
from datetime import date

from cim.exports.manifest import Licence, Origin
from cim.store import catalogue
from cim.store.db import Connection


def lineage(connection: Connection, versions: Sequence[int]) -> tuple[Origin, ...]:
    """The files that versions were read from; without their folders, which are nobody else's business."""
    return tuple(
        Origin(
            dataset=str(file["dataset"]),
            version=int(file["version"]),
            file=str(file["location"]).replace("\\", "/").rsplit("/", 1)[-1],
            sha256=str(file["checksum"]),
            size_bytes=int(file["size_bytes"]),
        )
        for file in catalogue.source_files(connection, versions)
    )


def licences(connection: Connection, datasets: Sequence[str]) -> tuple[Licence, ...]:
    """The terms of datasets, in the order they were first loaded."""
    held = catalogue.datasets(connection, date.min)
    return tuple(
        Licence(one["name"], one["title"], one["owner"], one["licence"]) for one in held if one["name"] in datasets
    )
