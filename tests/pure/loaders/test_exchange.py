"""Packages read back: every file as its checksum says, none from outside, and what cannot be trusted named in a sentence."""

import hashlib
import json
import zipfile

import pytest

from cim.city import Intake
from cim.errors import BadSource
from cim.exports import manifest
from cim.exports.manifest import File
from cim.types import silent
from loaders.delivery import exchange
from loaders.delivery.deliveries import Depot
from loaders.delivery.locations import Location
from tests.packages import entry, package, seal


def test_a_package_becomes_sources_with_what_its_manifest_knows(tmp_path):
    (named,) = exchange.sources(package(tmp_path, entry()))
    source = named.source
    assert (named.name, source.layer, source.crs, source.encoding) == ("roads", "roads", "EPSG:4547", "gbk")
    assert source.location == str(tmp_path / "roads.shp")
    assert source.columns == {"survey_date": "survey_dat", "extra": "extra"}
    assert (named.card.licence, named.card.owner) == ("CC-BY-4.0", "大同市")


def test_each_table_is_read_once_and_coarse_layers_come_first(tmp_path):
    other = entry(name="divisions", layer="divisions")
    found = exchange.sources(package(tmp_path, entry(), entry(format="csv"), other))
    assert [named.name for named in found] == ["divisions", "roads"]


def test_points_of_a_csv_are_found_in_their_columns(tmp_path):
    (named,) = exchange.sources(package(tmp_path, entry(format="csv", place=("x", "y", "z"))))
    assert (named.source.columns["lon"], named.source.columns["lat"]) == ("x", "y")


@pytest.mark.parametrize("name", ["roads.shp", manifest.NAME])
def test_a_changed_byte_is_refused_by_name(tmp_path, name):
    path = package(tmp_path, entry()) / name
    path.write_bytes(path.read_bytes().replace(b"road", b"raod", 1))
    with pytest.raises(BadSource, match=f"{name}: is not as it was written"):
        exchange.sources(tmp_path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    (package(tmp_path, entry()) / "roads.shp").unlink()
    with pytest.raises(BadSource, match=r"roads\.shp: is missing; the package names it"):
        exchange.sources(tmp_path)


@pytest.mark.parametrize("path", ["../roads.shp", "/etc/hostname", "a/../../b", "C:\\roads.shp", "a\\..\\b"])
def test_a_path_outside_the_folder_is_refused(tmp_path, path):
    with pytest.raises(BadSource, match="lies outside the package"):
        exchange.sources(package(tmp_path / "in", entry(files=(File(path, 1, "0" * 64),))))


def test_a_link_that_leads_outside_is_refused(tmp_path):
    folder = package(tmp_path / "in", entry())
    (folder / "roads.shp").rename(tmp_path / "roads.shp")
    (folder / "roads.shp").symlink_to(tmp_path / "roads.shp")
    with pytest.raises(BadSource, match="lies outside the package"):
        exchange.sources(folder)


def test_a_manifest_of_newer_software_is_refused(tmp_path):
    folder = package(tmp_path, entry())
    told = json.loads((folder / manifest.NAME).read_bytes()) | {"schema": 2}
    (folder / manifest.NAME).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(BadSource, match="schema 2 is newer than 1"):
        exchange.sources(seal(folder, {}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no", "not JSON"),
        ("[]", "no manifest"),
        ('{"type": "datong-cim-export", "schema": 1}', "not as schema 1 has it"),
    ],
)
def test_what_is_no_manifest_is_said_to_be_none(text, why):
    with pytest.raises(BadSource, match=why):
        manifest.decode(text.encode())


def test_a_layer_that_is_not_known_here_is_refused(tmp_path):
    with pytest.raises(BadSource, match="no layer 'moats' here; known: divisions"):
        exchange.sources(package(tmp_path, entry(layer="moats")))


def test_checksums_that_are_none_are_refused(tmp_path):
    folder = package(tmp_path, entry())
    (folder / manifest.SUMS).write_text("abc  roads.shp\n", encoding="utf-8")
    with pytest.raises(BadSource, match="SHA256SUMS line 1: expected a SHA-256"):
        exchange.sources(folder)
    (folder / manifest.SUMS).unlink()
    assert not exchange.is_package(folder)
    with pytest.raises(BadSource, match="without checksums nothing is known"):
        exchange.sources(folder)


def test_a_table_that_no_reader_takes_or_whose_shapes_are_text_gives_way_to_the_same_in_another_format(tmp_path):
    shapes_as_text = entry(format="csv", place=("wkt",))
    (named,) = exchange.sources(package(tmp_path / "two", shapes_as_text, entry()))
    assert named.source.columns["survey_date"] == "survey_dat"
    (alone,) = exchange.sources(package(tmp_path / "one", shapes_as_text))
    assert alone.source.location.endswith("roads.shp")
    with pytest.raises(BadSource, match="a dBASE table without shapes, which is not read here"):
        exchange.sources(package(tmp_path / "table", entry(crs=None)))


def test_files_that_were_delivered_as_one_are_read_as_their_folder(tmp_path):
    folder = package(tmp_path, entry())
    (folder / "clouds").mkdir()
    files = []
    for name in ("a.las", "b.las"):
        (folder / "clouds" / name).write_bytes(name.encode())
        files.append(File(f"clouds/{name}", 5, hashlib.sha256(name.encode()).hexdigest()))
    told = entry(name="clouds", layer="point_clouds", format="original", files=tuple(files))
    (named,) = exchange.sources(package(tmp_path, told))
    assert named.source.location == str(folder / "clouds")


def _zipped(folder, path, *, without=()):
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            if file.name not in without:
                archive.write(file, file.name)
    return path


def _unpacked(path, depot):
    arrived = Depot(depot, Intake(), silent).bring(Location(str(path)))
    assert arrived.folder is not None
    return arrived.folder


def test_an_archive_is_the_same_as_its_folder(tmp_path):
    folder = _unpacked(_zipped(package(tmp_path / "in", entry()), tmp_path / "a.zip"), tmp_path / "depot")
    assert exchange.is_package(folder)
    assert [named.name for named in exchange.sources(folder)] == ["roads"]


def test_an_archive_without_a_file_or_with_another_one_is_refused_by_name(tmp_path):
    folder = package(tmp_path / "in", entry())
    without = _unpacked(_zipped(folder, tmp_path / "a.zip", without=("roads.shp",)), tmp_path / "depot")
    with pytest.raises(BadSource, match=r"roads\.shp: is missing; the package names it"):
        exchange.sources(without)
    (folder / "roads.shp").write_bytes(bytes(1000))
    larger = _unpacked(_zipped(folder, tmp_path / "b.zip"), tmp_path / "depot")
    with pytest.raises(BadSource, match=r"roads\.shp: is not as it was written"):
        exchange.sources(larger)
