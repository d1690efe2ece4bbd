"""`cim roofs`: roofs as loaded point clouds and surface models show them, fitted, loaded and judged."""

import argparse
import json
import time
from dataclasses import asdict
from typing import Any

from api.commands.load import summary
from api.connection import connect
from api.terminal import Terminal
from cim.errors import BadInput
from cim.settings import Settings
from cim.source_entry import Card, NamedSource
from cim.store import catalogue, dem
from cim.store.db import Connection, Database
from cim.store.measurable import Measurable, measurable
from loaders import pipeline
from loaders.derived import measured_roofs, roof_points

LAST = 1_000_002
"""Its place in the city file: behind every other source."""


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Exit code 0; a building that no points cover any more is no longer in the dataset."""
    derive(settings, connect(settings, terminal), terminal)
    return 0


def derive(settings: Settings, database: Database, terminal: Terminal) -> None:
    """The roofs as the dataset `roofs_measured`: bodies with surfaces, at level of detail 2.2.

    Raises BadInput where neither points nor a surface are loaded, and where they measure no roof.
    """
    city = settings.city()
    with database.begin() as connection:
        buildings = measurable(connection, measured_roofs.DATASET)
        with terminal.stage(f"points over {len(buildings):,} buildings"):
            over = _over(connection, buildings, settings, terminal)
        covered = sum(len(one) > 0 for one in over.points)
        with terminal.stage(f"roofs of {covered:,} buildings with points over them"):
            found = measured_roofs.derive(
                buildings, over, lambda lonlat: dem.heights(connection, lonlat), city, terminal.progress
            )
    folder = settings.data / "derived"
    folder.mkdir(parents=True, exist_ok=True)
    notes = folder / f"{measured_roofs.DATASET}.json"
    told = [asdict(issue) for issue in found.issues]
    notes.write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")
    if not found.records:
        raise BadInput(f"no roof was measured: {found.codes or 'no points'}; the reasons, one by one: {notes}")
    path = folder / f"{measured_roofs.DATASET}.city.jsonl"
    measured_roofs.write(found.records, path)
    entry = measured_roofs.source(path, city.crs)
    named = NamedSource(measured_roofs.DATASET, entry, Card(title="点云实测屋顶", priority=LAST))
    terminal.line(summary(pipeline.load(database, named, path, city, terminal.progress, time.monotonic)))
    if found.codes:
        codes = ", ".join(f"{code} {n:,}" for code, n in sorted(found.codes.items()))
        terminal.line(f"           of {covered:,} with points: {codes}; one by one in {notes}")


def _over(connection: Connection, buildings: Measurable, settings: Settings, terminal: Terminal) -> roof_points.Over:
    """The points over all buildings: of all clouds together, then of the surface models, the finest first."""
    city, over = settings.city(), roof_points.nothing_over(len(buildings))
    clouds = catalogue.published(connection, layer="point_clouds")
    surfaces = catalogue.published(connection, layer="dsm")
    if not clouds and not surfaces:
        raise BadInput("no source of layer point_clouds or dsm is loaded: roofs are measured by their points")
    if not len(buildings):
        raise BadInput("no building is loaded: roofs are measured over footprints")
    for version in clouds:
        note = version.raster or {}
        files = tuple(str(file["path"]) for file in note.get("files", ()))
        has_buildings = str(roof_points.BUILDING) in note.get("classes", {})
        cloud = roof_points.Cloud(version.dataset, version.id, files, str(version.crs), has_buildings)
        roof_points.add_cloud(over, buildings.footprint, cloud, city, terminal.progress)
    roof_points.together(over)
    parts = [(version, part) for version in surfaces for part in _parts(version)]
    for version, part in sorted(parts, key=lambda one: (float(one[1]["pixel_m"]), one[0].dataset)):
        roof_points.add_surface(
            over, buildings.footprint, part, (version.dataset, version.id), city.crs, terminal.progress
        )
    return over


def _parts(version: catalogue.Version) -> list[dict[str, Any]]:
    note = version.raster or {}
    return note.get("parts") or [note]
