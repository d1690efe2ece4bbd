"""Tiles from disk: right types and caching, gzip as the client likes it, and nothing outside the folder."""

import gzip
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.static import Tiles, Viewer, refuse

HASH = "0123456789abcdef0123456789abcdef"
GLB = b"glTF" + bytes(range(256)) * 8


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await refuse(scope, send, 404, "Not Found", "the rest", "unknown")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("tiles/c", "tiles/city", "terrain/3/13"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tiles" / "c" / f"{HASH}.glb.gz").write_bytes(gzip.compress(GLB))
    (tmp_path / "tiles" / "c" / f"{HASH}.json.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "tiles" / "city" / "tileset.json").write_bytes(b'{"asset":{"version":"1.1"}}')
    (tmp_path / "terrain" / "layer.json").write_bytes(b'{"format":"quantized-mesh-1.0"}')
    (tmp_path / "terrain" / "3" / "13" / "5.terrain").write_bytes(gzip.compress(b"mesh"))
    (tmp_path / "secret.json").write_bytes(b"secret")
    return tmp_path


@pytest.fixture
def client(data: Path) -> TestClient:
    return TestClient(Tiles(nothing, data))


@pytest.mark.parametrize(
    ("path", "media_type", "content", "immutable"),
    [
        (f"/tiles3d/c/{HASH}.glb", "model/gltf-binary", GLB, True),
        (f"/tiles3d/c/{HASH}.json", "application/json", b"{}", True),
        ("/tiles3d/city/tileset.json", "application/json", b'{"asset":{"version":"1.1"}}', False),
        ("/terrain/layer.json", "application/json", b'{"format":"quantized-mesh-1.0"}', False),
        ("/terrain/3/13/5.terrain", "application/vnd.quantized-mesh", b"mesh", False),
        ("/terrain/3/13/5.terrain?v=abc", "application/vnd.quantized-mesh", b"mesh", False),
    ],
)
def test_each_kind_has_its_type_and_caching(
    client: TestClient, path: str, media_type: str, content: bytes, immutable: bool
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert ("immutable" in answer.headers["cache-control"]) is immutable
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", [f"/tiles3d/c/{HASH}.glb", "/terrain/3/13/5.terrain"])
def test_gzip_goes_out_as_it_lies_and_is_undone_for_those_who_cannot(client: TestClient, path: str) -> None:
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path", [f"/tiles3d/c/{HASH}.glb", "/tiles3d/city/tileset.json", "/terrain/layer.json", "/terrain/3/13/5.terrain"]
)
def test_what_the_client_has_is_not_sent_again(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]
    again = client.get(path, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_a_root_is_asked_for_each_time_and_a_new_one_has_a_new_tag_and_the_same_one_the_old(
    client: TestClient, data: Path
) -> None:
    root = data / "tiles" / "city" / "tileset.json"
    tag = client.get("/tiles3d/city/tileset.json").headers["etag"]
    assert client.get("/tiles3d/city/tileset.json").headers["cache-control"] == "public, max-age=0, must-revalidate"
    os.utime(root, (1, 1))
    assert client.get("/tiles3d/city/tileset.json").headers["etag"] == tag
    root.write_bytes(b"{}")
    assert client.get("/tiles3d/city/tileset.json", headers={"if-none-match": tag}).content == b"{}"


def test_head_tells_the_length_and_sends_nothing(client: TestClient) -> None:
    got, told = client.get(f"/tiles3d/c/{HASH}.glb"), client.head(f"/tiles3d/c/{HASH}.glb")
    assert told.content == b""
    assert told.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    "path",
    [
        "/terrain/3/13/6.terrain",
        f"/tiles3d/c/{HASH[::-1]}.glb",
        f"/tiles3d/c/{HASH}.glb.gz",
        "/tiles3d/nowhere/tileset.json",
        "/tiles3d/../secret.json",
        "/tiles3d/c/../../../secret.json",
        "/tiles3d/c/..%2f..%2f..%2fsecret.json",
        "/tiles3d/..%2f/tileset.json",
        "/terrain/..%2f..%2fsecret.json",
        "/terrain/3/13/%00.terrain",
        "/terrain/٣/13/5.terrain",
        "/tiles3d/",
        "/terrain/",
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.json()["title"]


def test_other_methods_are_refused_and_preflights_answered(client: TestClient) -> None:
    assert client.post("/terrain/layer.json").status_code == 405
    assert client.options("/terrain/layer.json").headers["access-control-allow-methods"] == "GET, HEAD"


def test_another_time_is_refused_rather_than_passed_over(client: TestClient) -> None:
    assert client.get("/tiles3d/city/tileset.json?at=2020-01-01").status_code == 400
    assert client.get("/tiles3d/city/tileset.json?v=2").status_code == 200


@pytest.fixture
def viewer(tmp_path: Path) -> TestClient:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<p>viewer")
    (built / "assets" / "main-a1B2c3D4.js").write_text("run()")
    (tmp_path / "secret.json").write_text("secret")
    (built / "link.json").symlink_to(tmp_path / "secret.json")
    return TestClient(Viewer(nothing, built))


def test_the_viewer_is_at_the_root_and_its_hashed_files_are_kept(viewer: TestClient) -> None:
    assert viewer.get("/").text == "<p>viewer"
    assert viewer.get("/").headers["cache-control"] == "no-cache"
    script = viewer.get("/assets/main-a1B2c3D4.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/%2e%2e/secret.json", "/..%2fsecret.json", "/link.json", "/assets", "/nothing", "/%00"]
)
def test_nothing_outside_the_viewer_is_served(viewer: TestClient, path: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "the rest"


def test_a_viewer_that_is_not_built_says_so_in_both_languages(tmp_path: Path) -> None:
    answer = TestClient(Viewer(nothing, tmp_path / "none")).get("/")
    assert answer.status_code == 200
    assert "make up" in answer.text
    assert "尚未构建" in answer.text
