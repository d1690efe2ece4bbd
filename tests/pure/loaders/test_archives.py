"""Archives: what an archive can be made to do to the disk it is unpacked on is refused before a byte is written."""

import stat
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from cim.city import Intake
from cim.errors import BadSource
from cim.types import silent
from loaders.delivery import archives

pytestmark = pytest.mark.long

INTAKE = Intake()


def pack(path: Path, entries, method=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def unpack(path: Path, intake: Intake = INTAKE) -> dict[str, bytes]:
    folder = path.parent / "deliveries" / "unpacked"
    archives.unpack(path, folder, intake, silent)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def nothing_was_written(folder: Path) -> bool:
    return not [p for p in folder.rglob("*") if p.suffix != ".zip" and p.is_file()]


def info(name: str, **fields) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def test_folders_and_files_come_out_as_they_went_in_and_litter_does_not(tmp_path):
    entries = [
        ("a/b/roads.csv", "x" * 9),
        ("c.csv", b"\0\1"),
        ("__MACOSX/a/._c.csv", "z"),
        ("a/.DS_Store", "z"),
        ("d/", ""),
    ]
    assert unpack(pack(tmp_path / "a.zip", entries)) == {"a/b/roads.csv": b"x" * 9, "c.csv": b"\0\1"}


def test_names_in_gbk_without_the_flag_are_read(tmp_path):
    # What Windows in Chinese packs: the bytes are GBK, nothing says so. (0x5C, a backslash, is half of 乗 in GBK.)
    path = pack(tmp_path / "a.zip", [("x" * 8 + ".csv", "1"), ("y" * 4 + "/z.csv", "2")])
    content = path.read_bytes()
    content = content.replace(b"x" * 8, "道路中线".encode("gbk")).replace(b"y" * 4, "乗城".encode("gbk"))
    path.write_bytes(content)
    assert unpack(path) == {"道路中线.csv": b"1", "乗城/z.csv": b"2"}


def test_names_with_the_flag_and_with_backslashes_are_read(tmp_path):
    path = pack(tmp_path / "a.zip", [("道路/中线.csv", "1"), ("p|q.csv", "2")])
    path.write_bytes(path.read_bytes().replace(b"p|q", b"p\\q"))
    assert unpack(path) == {"道路/中线.csv": b"1", "p/q.csv": b"2"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../out.csv", "leads out"),
        ("a/../../out.csv", "leads out"),
        ("..\\out.csv", "leads out"),
        ("/etc/out.csv", "absolute"),
        ("C:\\out.csv", "absolute"),
        ("a\nb.csv", "control character"),
        ("n" * 300 + ".csv", "more than 255 bytes"),
    ],
)
def test_a_name_that_leads_elsewhere_refuses_the_archive(tmp_path, name, why):
    path = pack(tmp_path / "a.zip", [("good.csv", "1"), (name, "2")])
    with pytest.raises(BadSource, match=why):
        unpack(path)
    assert nothing_was_written(tmp_path)


def test_links_encrypted_entries_and_odd_packings_are_refused(tmp_path):
    link = info("link", external_attr=(stat.S_IFLNK | 0o777) << 16, create_system=3)
    with pytest.raises(BadSource, match="a link or a device"):
        unpack(pack(tmp_path / "a.zip", [("good.csv", "1"), (link, "/etc/passwd")]))
    secret = pack(tmp_path / "b.zip", [("a.csv", "1")])
    content = bytearray(secret.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    secret.write_bytes(bytes(content))
    with pytest.raises(BadSource, match="encrypted"):
        unpack(secret)
    with pytest.raises(BadSource, match="method 14"):
        unpack(pack(tmp_path / "c.zip", [("a.csv", "1" * 99)], zipfile.ZIP_LZMA))
    assert nothing_was_written(tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_path_that_occurs_twice_is_refused(tmp_path):
    for i, names in enumerate([("a.csv", "a.csv"), ("a.csv", "./a.csv"), ("a", "a/b.csv")]):
        with pytest.raises(BadSource, match="occurs twice"):
            unpack(pack(tmp_path / f"{i}.zip", [(name, "1") for name in names]))
    assert nothing_was_written(tmp_path)


def test_limits_hold_before_anything_is_unpacked(tmp_path, monkeypatch):
    path = pack(tmp_path / "a.zip", [("a.csv", b"0" * 2_000_000), ("b.csv", b"1")])
    for strict in (replace(INTAKE, max_bytes=1_999_999), replace(INTAKE, max_entries=1)):
        with pytest.raises(BadSource, match="expected at most"):
            unpack(path, strict)
    monkeypatch.setattr(archives, "_SMALL_BYTES", 1_000_000)
    with pytest.raises(BadSource, match="200 times as much"):
        unpack(path)
    assert nothing_was_written(tmp_path)


def test_a_header_that_understates_a_file_does_not_let_it_grow(tmp_path):
    path = pack(tmp_path / "a.zip", [("a.csv", b"0" * 3_000_000)])
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))
    with pytest.raises(BadSource, match="damaged|larger than"):
        unpack(path)
    assert nothing_was_written(tmp_path)


def test_a_damaged_archive_is_one_sentence_and_leaves_nothing(tmp_path):
    path = pack(tmp_path / "a.zip", [(f"{i}.csv", bytes(range(256)) * 40) for i in range(4)], zipfile.ZIP_STORED)
    whole = path.read_bytes()
    spoilt = bytearray(whole)
    spoilt[5_000] ^= 255
    for content in (whole[: len(whole) // 2], whole[:-30], bytes(spoilt), b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(BadSource, match=r"a\.zip: .*(damaged|not readable)"):
            unpack(path)
    assert nothing_was_written(tmp_path)


def test_unpacking_again_makes_the_same_files_and_a_partial_copy_is_made_whole(tmp_path):
    path = pack(tmp_path / "a.zip", [(info("a.csv", date_time=(2024, 5, 1, 8, 0, 0)), "1"), ("b.csv", "22")])
    unpack(path)
    folder = tmp_path / "deliveries" / "unpacked"
    before = (folder / "a.csv").stat().st_mtime_ns
    assert archives.is_unpacked(path, folder, INTAKE)
    (folder / "a.csv").unlink()
    assert not archives.is_unpacked(path, folder, INTAKE)
    assert unpack(path) == {"a.csv": b"1", "b.csv": b"22"}
    assert (folder / "a.csv").stat().st_mtime_ns == before


def test_only_a_zip_by_name_and_bytes_is_an_archive(tmp_path):
    real, named, workbook = tmp_path / "a.ZIP", tmp_path / "b.zip", tmp_path / "c.xlsx"
    for path in (real, workbook):
        pack(path, [("a", "1")])
    named.write_bytes(b"no archive")
    assert [archives.is_archive(p) for p in (real, named, workbook, tmp_path)] == [True, False, False, False]
