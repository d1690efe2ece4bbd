"""Deliveries out of an object store: a real S3 server on loopback, no stand-in."""

import pytest

from cim.city import Intake
from cim.errors import BadSource
from cim.types import silent
from loaders.delivery import downloads, locations
from loaders.delivery.deliveries import Depot

pytestmark = pytest.mark.long
server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")


@pytest.fixture
def store(monkeypatch):
    running = server.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    s3fs.S3FileSystem.clear_instance_cache()
    files.mkdir("deliveries")
    yield files
    s3fs.S3FileSystem.clear_instance_cache()
    running.stop()


def test_an_object_arrives_whole_and_what_is_not_there_is_one_sentence(store, tmp_path):
    content = bytes(range(256)) * 80_000
    store.pipe_file("deliveries/道路.bin", content)
    came = downloads.fetch("s3://deliveries/道路.bin", tmp_path, 1 << 30, silent, lambda seconds: None)
    assert (came.path.name, came.path.read_bytes()) == ("道路.bin", content)
    with pytest.raises(BadSource, match="no such object"):
        downloads.fetch("s3://deliveries/none.bin", tmp_path, 1 << 30, silent, lambda seconds: None)
    with pytest.raises(BadSource, match="expected at most 1,000"):
        downloads.fetch("s3://deliveries/道路.bin", tmp_path, 1_000, silent, lambda seconds: None)
    store.pipe_file("deliveries/a.csv", b"id,lon,lat\n1,113.3,40.1\n")
    arrived = Depot(tmp_path / "d", Intake(), silent).bring(locations.parse("s3://deliveries/a.csv"))
    assert arrived.files[0].path.read_bytes().startswith(b"id,lon")
    assert arrived.location == "s3://deliveries/a.csv"
