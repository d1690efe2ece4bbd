"""Deliveries: files, folders, archives and addresses come to hand alike, and nothing of them stays that nobody reads."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from cim.city import Intake
from cim.errors import BadInput, BadSource
from cim.types import silent
from loaders.delivery import files, folders, locations
from loaders.delivery.deliveries import Depot
from tests.web_host import web_host


def depot(tmp_path: Path) -> Depot:
    return Depot(tmp_path / "deliveries", Intake(), silent, lambda seconds: None)


def pack(path: Path, **entries: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return path


def names(arrived):
    return [file.path.name for file in arrived.files]


def test_a_plain_file_stays_where_it_is(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n")
    arrived = depot(tmp_path).bring(locations.parse(str(tmp_path / "a.csv")))
    assert (names(arrived), arrived.folder, arrived.location) == (["a.csv"], None, str(tmp_path / "a.csv"))
    assert arrived.checksum == hashlib.sha256(b"id\n1\n").hexdigest()
    assert not (tmp_path / "deliveries").exists()


def test_an_archive_is_known_by_its_own_checksum_and_a_part_of_it_by_another(tmp_path):
    path = pack(tmp_path / "a.zip", in__a_csv="1", in__b_csv="2", notes_pdf="%PDF")
    one = depot(tmp_path)
    whole = one.bring(locations.parse(str(path)))
    part = one.bring(locations.parse(f"zip://in/a*::{path}"))
    assert (names(whole), names(part)) == (["a.csv", "b.csv"], ["a.csv"])
    assert whole.checksum == hashlib.sha256(path.read_bytes()).hexdigest() != part.checksum
    assert part.location == f"zip://in/a*::{path}"
    with pytest.raises(BadSource, match=r"nothing in it fits 'c\*'; it holds in/a.csv, in/b.csv, notes.pdf"):
        one.bring(locations.parse(f"zip://c*::{path}"))


def test_what_nobody_reads_is_cleared_away_and_what_a_version_reads_stays(tmp_path):
    path, other = pack(tmp_path / "a.zip", a_csv="1"), pack(tmp_path / "b.zip", b_csv="2")
    one = depot(tmp_path)
    first, second = (one.bring(locations.parse(str(p))).files[0].path for p in (path, other))
    running = depot(tmp_path)
    running.bring(locations.parse(str(other)))
    one.clear([f'{{"path": "{first}"}}'])
    assert first.exists()
    assert second.exists(), "another run reads it"
    running.clear([])
    assert not list((tmp_path / "deliveries").iterdir())


@pytest.mark.long
def test_an_archive_at_an_address_is_fetched_once_and_named_by_it(tmp_path):
    path = pack(tmp_path / "a.zip", a_csv="1", b_csv="2")
    with web_host() as host:
        host.files["/get/city.zip"] = path.read_bytes()
        one = depot(tmp_path)
        arrived = [one.bring(locations.parse(f"zip://{n}.csv::{host.url}/get/city.zip")) for n in "ab"]
        assert [names(a) for a in arrived] == [["a.csv"], ["b.csv"]]
        assert arrived[0].location == f"zip://a.csv::{host.url}/get/city.zip"
        assert len(host.asked) == 1
        one.clear([])
    assert not list((tmp_path / "deliveries").iterdir())


def test_a_shapefile_in_a_folder_is_one_source_and_its_table_counts(tmp_path, monkeypatch):
    for ending in ("shp", "DBF", "shx", "prj", "sbn"):
        (tmp_path / f"道路.{ending}").write_text(ending)
    (tmp_path / "道路2.dbf").write_text("another")
    (before,) = files.take(tmp_path / "道路.shp")
    files.refuse_changed([before])
    (tmp_path / "道路.sbn").write_text("an index says nothing")
    (tmp_path / "道路2.dbf").write_text("of another")
    files.refuse_changed([before])
    (tmp_path / "道路.DBF").write_text("changed")
    with pytest.raises(BadSource, match="changed while it was read"):
        files.refuse_changed([before])
    assert files.take(tmp_path / "道路.shp")[0].checksum != before.checksum


def test_addresses_of_other_kinds_and_halves_of_one_are_refused():
    for wrong in ("ftp://host/a.csv", "zip://a.csv", "zip://a.csv::", "zip://../../b.csv::a.zip"):
        with pytest.raises(BadInput, match="expected"):
            locations.parse(wrong)


def test_a_folder_without_a_source_says_what_it_saw(tmp_path):
    (tmp_path / "in").mkdir()
    for name, content in {"a.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "b.dwg": b"AC1032", "c.gpkg": b""}.items():
        (tmp_path / "in" / name).write_bytes(content)
    with pytest.raises(BadSource, match=r"a.xls: an Excel .*save it as .xlsx; b.dwg: .*; c.gpkg: the file is empty"):
        files.take(tmp_path / "in")


def test_notes_in_a_folder_are_no_source_of_its_delivery(tmp_path):
    (tmp_path / "readme.txt").write_text("说明\n第一行，没有列\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("id,lon,lat\n1,113.3,40.1\n")
    (tmp_path / "utf16.txt").write_text("id\tlon\tlat\n1\t113.3\t40.1\n", encoding="utf-16")
    assert [file.path.name for file in files.take(tmp_path)] == ["a.txt", "utf16.txt"]
    ((path, why),) = folders.sources(tmp_path).strange
    assert (path.name, why[:20]) == ("readme.txt", "a text without colum")


def test_the_frame_beside_a_grid_is_part_of_it(tmp_path):
    (tmp_path / "a.asc").write_text("ncols 2\n")
    (tmp_path / "a.prj").write_text("PROJCS[]")
    assert folders.sources(tmp_path) == folders.Listing((tmp_path / "a.asc",), ())


def test_a_file_that_is_not_there_is_called_just_that(tmp_path):
    for name, why in {"a.csv": "no such file", "*.csv": "no file fits this pattern"}.items():
        with pytest.raises(BadSource, match=f"{why}$"):
            files.take(tmp_path / name)
