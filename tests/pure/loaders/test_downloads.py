"""Downloads from a real server on loopback: whole, gone on with, refused; never beyond a size, nothing left behind."""

import hashlib
from collections.abc import Iterator

import pytest

from cim.errors import BadSource, NoSpace
from cim.types import silent
from loaders.delivery import downloads
from tests.web_host import Host, web_host

pytestmark = pytest.mark.long
CONTENT = bytes(range(256)) * 20_000


@pytest.fixture(scope="module")
def running() -> Iterator[Host]:
    with web_host() as host:
        yield host


@pytest.fixture
def host(running: Host) -> Host:
    running.__init__(files={"/a.bin": CONTENT}, url=running.url)  # type: ignore[misc]
    return running


def fetch(host, tmp_path, path="/a.bin", most=1 << 30):
    slept: list[float] = []
    return downloads.fetch(host.url + path, tmp_path, most, silent, slept.append)


def test_a_file_arrives_whole_under_its_name(host, tmp_path):
    came = fetch(host, tmp_path, "/a.bin?key=1")
    assert came.path == tmp_path / "a.bin"
    assert (came.path.read_bytes(), came.size) == (CONTENT, len(CONTENT))
    assert came.checksum == hashlib.sha256(CONTENT).hexdigest()


def test_a_transfer_that_breaks_off_is_gone_on_with(host, tmp_path):
    host.breaks = [2_000_000, 1_500_000]
    came = fetch(host, tmp_path)
    assert came.path.read_bytes() == CONTENT
    resumed = [int(wanted.removeprefix("bytes=").rstrip("-")) for _, wanted in host.asked if wanted]
    assert len(host.asked) == 3
    assert len(resumed) == 2
    assert 0 < resumed[0] <= 2_000_000 < resumed[1]


def test_without_parts_or_with_another_file_it_begins_anew(host, tmp_path):
    host.ranges, host.breaks = False, [3_000_000]
    assert fetch(host, tmp_path).path.read_bytes() == CONTENT
    host.ranges, host.breaks = True, [3_000_000]
    changed = CONTENT[::-1]

    def swap(done, total, note):
        host.files["/a.bin"] = changed

    came = downloads.fetch(host.url + "/a.bin", tmp_path, 1 << 30, swap, lambda seconds: None)
    assert came.path.read_bytes() == changed


def test_a_server_that_is_busy_is_asked_again_and_one_that_stays_so_is_one_sentence(host, tmp_path):
    host.statuses = [503, 429]
    assert fetch(host, tmp_path).size == len(CONTENT)
    host.breaks = [1_000_000] * 9
    host.ranges = False
    with pytest.raises(BadSource, match=r"/a\.bin: the transfer broke off at [\d,]+ of 5,120,000 bytes, 4 times tried"):
        fetch(host, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_not_there_is_not_asked_for_again(host, tmp_path, status):
    host.statuses = [status]
    with pytest.raises(BadSource, match=f"answers {status}"):
        fetch(host, tmp_path)
    assert len(host.asked) == 1
    assert not list(tmp_path.iterdir())


def test_nobody_there_is_one_sentence(tmp_path):
    with pytest.raises(BadSource, match="4 times tried"):
        downloads.fetch("http://127.0.0.1:9/a.csv", tmp_path, 1 << 30, silent, lambda seconds: None)


def test_the_size_limit_holds_whatever_the_server_says(host, tmp_path):
    for host.sized in (True, False):
        with pytest.raises(BadSource, match="expected at most 5,000,000"):
            fetch(host, tmp_path, most=5_000_000)
        assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_before_anything_is_fetched(host, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_SPARE_BYTES", 1 << 60)
    with pytest.raises(NoSpace, match="has room for"):
        fetch(host, tmp_path)


def test_the_server_may_name_the_file_but_not_its_folder(host, tmp_path):
    host.files["/get"] = host.files["/文件.csv"] = b"1"
    host.headers["/get"] = {"Content-Disposition": "attachment; filename*=UTF-8''..%2F%E9%81%93%E8%B7%AF.csv"}
    assert fetch(host, tmp_path, "/get?id=5").path == tmp_path / "道路.csv"
    assert fetch(host, tmp_path, "/%E6%96%87%E4%BB%B6.csv").path == tmp_path / "文件.csv"
    host.headers["/get"] = {"Content-Disposition": 'attachment; filename="../../x.csv"'}
    assert fetch(host, tmp_path, "/get").path == tmp_path / "x.csv"


def test_redirects_are_followed_and_a_circle_is_one_sentence(host, tmp_path):
    host.statuses = [302, 200]
    host.headers["/old"] = {"Location": "/a.bin"}
    assert fetch(host, tmp_path, "/old").size == len(CONTENT)
    host.statuses = [302] * 50
    host.headers["/a.bin"] = {"Location": "/a.bin"}
    with pytest.raises(BadSource, match="circle"):
        fetch(host, tmp_path)


@pytest.mark.parametrize("name", ["arriving.part", ".arriving"])
def test_a_file_named_as_the_one_it_arrives_in_is_kept(host, tmp_path, name):
    host.files[f"/{name}"] = CONTENT
    assert fetch(host, tmp_path, f"/{name}").path.read_bytes() == CONTENT
