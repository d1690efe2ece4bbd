"""Files that belong together: what counts to a checksum, what does not, and which case of a name is meant."""

from pathlib import Path

import pytest

from cim import file_parts
from loaders.delivery.files import take


def there(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(name)


@pytest.mark.parametrize(
    ("file", "beside"),
    [
        ("a.shp", "a.DBF"),
        ("a.tif", "a.tfw"),
        ("a.tif", "a.tif.aux.xml"),
        ("a.tiff", "a.wld"),
        ("A.TIF", "a.tfw"),
        ("a.asc", "a.prj"),
        ("a.hgt", "a.hgt.aux.xml"),
    ],
)
def test_what_decides_records_or_pixels_counts_in_the_checksum(tmp_path: Path, file: str, beside: str) -> None:
    there(tmp_path, file)
    (alone,) = take(tmp_path / file)
    there(tmp_path, beside)
    (both,) = take(tmp_path / file)
    assert both.size == alone.size + len(beside)
    (tmp_path / beside).write_text(beside.upper() + "2")
    assert len({alone.checksum, both.checksum, take(tmp_path / file)[0].checksum}) == 3


def test_what_nothing_is_read_from_belongs_to_a_file_and_does_not_count(tmp_path: Path) -> None:
    there(tmp_path, "a.shp", "a.sbn", "a.tif", "a.tif.xml", "ab.dbf")
    assert [p.name for p in file_parts.companions(tmp_path / "a.shp")] == ["a.sbn"]
    assert file_parts.parts(tmp_path / "a.tif") == (tmp_path / "a.tif",)


def test_of_two_cases_of_a_name_the_same_one_is_meant(tmp_path: Path) -> None:
    there(tmp_path, "a.shp", "A.dbf", "a.dbf", "A.prj")
    assert file_parts.saying(tmp_path / "a.shp") == {".dbf": tmp_path / "a.dbf", ".prj": tmp_path / "A.prj"}


def test_a_file_is_not_still_what_it_was_when_one_beside_it_came_changed_or_went(tmp_path: Path) -> None:
    there(tmp_path, "a.tif")
    alone = file_parts.checksum(file_parts.parts(tmp_path / "a.tif"))
    there(tmp_path, "a.tfw")
    both = file_parts.checksum(file_parts.parts(tmp_path / "a.tif"))
    assert file_parts.is_still(tmp_path / "a.tif", both)
    assert not file_parts.is_still(tmp_path / "a.tif", alone)
    (tmp_path / "a.tfw").write_text("else")
    assert not file_parts.is_still(tmp_path / "a.tif", both)
    (tmp_path / "a.tfw").unlink()
    assert file_parts.is_still(tmp_path / "a.tif", alone)
