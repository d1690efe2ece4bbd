"""Going back: a dataset becomes again what an earlier version made it, as one step that is itself remembered."""

from pathlib import Path
from typing import Any

from cim import file_parts
from cim.city import Limits
from cim.errors import BadInput, Conflict, Unknown
from cim.layers import LAYERS
from cim.store import catalogue, history, publication, versions
from cim.store.db import Database
from cim.types import Report
from loaders import devices, identity
from loaders.addressing import address_links, found_places


def rollback(database: Database, dataset: str, to: int | None = None, *, limits: Limits | None = None) -> Report:
    """Publish a version that restores what the dataset was at version `to` (default: the one before the present).

    limits: the city's (default: the project's own). Nothing is deleted: what is taken back stays known for its time. Raises
    Unknown for a dataset or version that does not exist, Conflict where there is nothing to go back to or a load is under
    way, BadInput where it cannot be gone back.
    """
    held = limits or Limits()
    with database.begin() as connection:
        versions.claim(connection, dataset)
        at = publication.stamp(connection)
        id = catalogue.dataset_id(connection, dataset)
        target = history.previous(connection, dataset) if to is None else to
        origin = catalogue.version(connection, dataset, target)
        layer = LAYERS[origin["layer"]]
        if origin["published_at"] is None:
            raise Unknown(
                f"version {target} of dataset {dataset} was never published; `cim versions {dataset}` lists them"
            )
        if layer.name in devices.LAYERS:
            raise Conflict(f"dataset {dataset} holds devices: they are registered, and have no versions to go back to")
        if layer.geometry in ("raster", "points"):
            _refuse_other_file(origin)
        new = versions.restore(connection, target, at)
        changes = history.restore(connection, target, new, at)
        counts = catalogue.report(connection, target)
        report = Report(
            dataset=dataset,
            source=origin["location"],
            read=int(counts["read"]),
            accepted=int(counts["accepted"]),
            repaired=int(counts["repaired"]),
            rejected=int(counts["rejected"]),
            mode="rollback",
            changes={k: v for k, v in changes.items() if v},
            version=new,
        )
        if layer.name == "buildings":
            publication.touched(connection, id, at)
            report = identity.settle(connection, id, at, report, held)
        report = address_links.restore(connection, layer, id, report, held.address_reach_m)
        if layer.geometry not in ("raster", "points"):
            found_places.respell(connection, layer, id)
        versions.publish(connection, new, report, origin["crs"], at)
    return report


def _refuse_other_file(origin: dict[str, Any]) -> None:
    """The pixels of a raster lie where they were loaded from: there is no going back to a file that is another now."""
    noted = origin["raster"] or {}  # of files out of an archive the checksum is not the delivery's
    for one in noted.get("parts") or noted.get("files") or [noted]:
        path = Path(one.get("path", origin["location"]))
        checksum = str(one.get("checksum") or one.get("sha256") or origin["checksum"])
        try:
            same = file_parts.is_still(path, checksum)
        except OSError:
            same = False
        if not same:
            raise BadInput(
                f"{path}: is not the file that version {origin['id']} was loaded from any more "
                f"(sha256 {checksum[:12]}...); put that file back, then go back to the version"
            )
