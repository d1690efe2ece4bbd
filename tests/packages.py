"""Small packages as exports make them, for what reads them back."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cim.exports import manifest
from cim.exports.manifest import ColumnNote, Entry, File, Licence, Manifest

_ROADS = b"a road"


def entry(**told: Any) -> Entry:
    """The entry of a Shapefile of one road, or what is told of it."""
    found = Entry(
        name="roads",
        layer="roads",
        title="道路",
        title_en="Roads",
        dataset=None,
        version=None,
        format="shp",
        crs="EPSG:4547",
        encoding="gbk",
        records=1,
        shapes=("LineString",),
        has_z=False,
        place=(),
        columns=(
            ColumnNote("id", "id", "text", None, "编号", "Id"),
            ColumnNote("survey_date", "survey_dat", "date", None, "测量日期", "Date of the survey"),
            ColumnNote("extra", "extra", "json", None, "其他字段", "Other fields"),
            ColumnNote("cim_record_from", "cim_record", "text", None, "记录起始", "Since when"),
        ),
        files=(File("roads.shp", len(_ROADS), hashlib.sha256(_ROADS).hexdigest()),),
        losses={},
        losses_file=None,
        lineage=(),
        licences=(Licence("roads", "道路", "大同市", "CC-BY-4.0"),),
    )
    return replace(found, **told)


def package(folder: Path, *entries: Entry) -> Path:
    """A folder with one file of roads, and a manifest with these entries."""
    folder.mkdir(exist_ok=True)
    (folder / "roads.shp").write_bytes(_ROADS)
    (folder / manifest.NAME).write_bytes(manifest.encode(told(*entries)))
    return seal(folder, {"roads.shp": hashlib.sha256(_ROADS).hexdigest()})


def told(*entries: Entry) -> Manifest:
    """The manifest of a package with these entries."""
    city = {"name": "大同市", "name_en": "Datong", "code": "140200", "crs": "EPSG:4547", "height_datum": "EPSG:5737"}
    return Manifest("tests", "2026-05-01T00:00:00Z", None, city, None, None, (113.0, 40.0, 113.5, 40.5), entries)


def seal(folder: Path, digests: Mapping[str, str]) -> Path:
    """Write the checksums: those given, and the manifest's."""
    digests = {**digests, manifest.NAME: hashlib.sha256((folder / manifest.NAME).read_bytes()).hexdigest()}
    (folder / manifest.SUMS).write_bytes(manifest.sums(digests))
    return folder
