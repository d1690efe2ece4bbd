"""Pictures of city models: drawn the way up that they were delivered, kept by their names, told where they are not shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from cim.boundary import PICTURE
from cim.cityjson.record import CityRecord
from cim.plugins import Source
from loaders.delivery.files import recognise, take
from loaders.formats import city_rows, pictures
from loaders.sources import cityjson
from tests.city_models import cube, document, turned_round
from tests.tile_colours import quarters, shown, tile

X, Y, Z = 439876.0, 4439760.0, 1040.0
ACROSS = [[X + x, Y, Z + z] for x in (2.0, 7.0) for z in (0.7, 2.3)]
"""Points of the cube's southern wall: west before east, low before high."""
UPRIGHT = ["lower left", "upper left", "lower right", "upper right"]
PLACES = [[0, 0], [1, 0], [1, 1], [0, 1]]


def read(path: Path, **told: Any) -> Any:
    """The only batch of a file."""
    (batch,) = recognise(path).read(Source(str(path), "buildings", **told))
    return batch


def pictured(image: str, wall: Any = (0, 0, 1, 2, 3), **appearance: Any) -> dict[str, Any]:
    """The cube with a picture on its southern wall, over green."""
    told = {"textures": [{"type": "PNG", "image": image}], "vertices-texture": PLACES, **appearance}
    told["materials"] = [{"name": "green", "diffuseColor": [0.0, 1.0, 0.0]}]
    values = [[[[None]], [[None]], [list(wall)], *[[[None]]] * 3]]
    one = cube(texture={"day": {"values": values}}, material={"day": {"value": 0}})
    return document(appearance=told, CityObjects={"a": {"type": "Building", "geometry": [one]}})


def sequence(told: dict[str, Any]) -> str:
    """The same as lines, the appearance with the building that it is of."""
    head = {k: v for k, v in told.items() if k not in ("CityObjects", "vertices", "appearance")}
    feature = {k: told[k] for k in ("CityObjects", "vertices", "appearance")}
    lines = [head | {"CityObjects": {}, "vertices": []}, feature | {"type": "CityJSONFeature", "id": "a"}]
    return "\n".join(json.dumps(one) for one in lines)


@pytest.mark.long  # a tile is made and read by another's reader
@pytest.mark.parametrize("name", ["a.city.json", "a.city.jsonl"])
def test_a_picture_of_cityjson_is_drawn_as_it_lies_and_written_as_it_came(tmp_path: Path, name: str) -> None:
    (tmp_path / "tex").mkdir()
    (tmp_path / "tex/q.png").write_bytes(quarters())
    told = pictured("tex/q.png")
    (tmp_path / name).write_text(sequence(told) if name.endswith("l") else json.dumps(told))
    batch = read(tmp_path / name)
    (body,) = batch.frame["boundary"]
    assert shown(tile(body), [*ACROSS, [X + 4, Y + 5, Z + 1]]) == [*UPRIGHT, "no picture"]
    again = turned_round([CityRecord("a", {}, ((2.0, body),))])
    assert again["appearance"] == told["appearance"]
    (came,), (went,) = (one["CityObjects"]["a"]["geometry"] for one in (told, again))
    assert (went["texture"], went["material"]) == (came["texture"], came["material"])
    assert batch.issues == ()


@pytest.mark.long
@pytest.mark.parametrize("turn", range(1, 4))
def test_a_picture_lies_as_its_places_say_however_it_is_turned(tmp_path: Path, turn: int) -> None:
    (tmp_path / "q.png").write_bytes(quarters())
    wall = [0, *((k + turn) % 4 for k in range(4))]
    (tmp_path / "a.city.json").write_text(json.dumps(pictured("q.png", wall)))
    (body,) = read(tmp_path / "a.city.json").frame["boundary"]
    ring = ["lower left", "lower right", "upper right", "upper left"]
    assert shown(tile(body), [ACROSS[k] for k in (0, 2, 3, 1)]) == [*ring[turn:], *ring[:turn]]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../q.png", "picture_outside"),
        ("..\\q.png", "picture_outside"),
        ("/q.png", "picture_outside"),
        ("https://example.org/q.png", "picture_outside"),
        ("C:\\q.png", "picture_outside"),
        ("none.png", "picture_missing"),
        ("a.txt", "picture_unreadable"),
    ],
)
def test_a_picture_that_is_not_shown_is_told_and_leaves_the_colour(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "q.png").write_bytes(quarters())
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_text("no picture")
    (tmp_path / "in/a.city.json").write_text(json.dumps(pictured(name)))
    batch = read(tmp_path / "in/a.city.json")
    (body,) = batch.frame["boundary"]
    assert [issue.code for issue in batch.issues] == [code]
    assert body.appearance["textures"] == [{"type": "PNG", "image": name}]
    assert body.appearance["materials"] == [{"name": "green", "diffuseColor": [0.0, 1.0, 0.0]}]


def test_pictures_of_themes_that_are_not_shown_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "q.png").write_bytes(quarters())
    told = pictured("q.png", textures=[{"type": "PNG", "image": name} for name in ("q.png", "night.png")])
    (geometry,) = told["CityObjects"]["a"]["geometry"]
    geometry["texture"]["night"] = {"values": [[[[1, 0, 1, 2, 3]]] * 6]}
    for default, codes in (("day", []), ("night", ["picture_missing"])):
        told["appearance"]["default-theme-texture"] = default
        (tmp_path / "a.city.json").write_text(json.dumps(told))
        assert [issue.code for issue in read(tmp_path / "a.city.json").issues] == codes


def test_more_pictures_than_are_read_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cityjson, "MOST_OF_CITY", 1)
    names = [f"{k}.png" for k in range(6)]
    for name in names:
        (tmp_path / name).write_bytes(quarters(side=4))
    told = pictured("0.png", textures=[{"type": "PNG", "image": name} for name in names])
    (geometry,) = told["CityObjects"]["a"]["geometry"]
    geometry["texture"]["day"] = {"values": [[[[k, 0, 1, 2, 3]] for k in range(6)]]}
    (tmp_path / "a.city.json").write_text(json.dumps(told))
    batch = read(tmp_path / "a.city.json")
    assert [issue.code for issue in batch.issues] == ["picture_too_large"]
    (body,) = batch.frame["boundary"]
    assert [PICTURE in one for one in body.appearance["textures"]] == [True, *[False] * 5]


@pytest.mark.parametrize("name", ["a.city.json", "a.json", "a.city.jsonl"])
def test_another_picture_beside_the_same_city_model_is_another_delivery(tmp_path: Path, name: str) -> None:
    """Its name may be spelt with escapes, as many programs write what is not ASCII."""
    told = pictured("墙.png")
    (tmp_path / name).write_text(sequence(told) if name.endswith("l") else json.dumps(told))
    checksums = [take(tmp_path / name)[0].checksum]
    for side in (4, 8):
        (tmp_path / "墙.png").write_bytes(quarters(side=side))
        checksums.append(take(tmp_path / name)[0].checksum)
    assert len(set(checksums)) == 3
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({"type": "FeatureCollection", "features": [], "image": "墙.png"}))
    assert take(plain)[0].size == plain.stat().st_size


def test_more_pictures_than_are_held_at_once_are_read_again_and_end_their_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_PICTURES", 1)
    monkeypatch.setattr(city_rows, "_BATCH_PICTURES", 1)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(quarters(side=4 if name == "a.png" else 8))
    told = pictured("a.png", textures=[{"type": "PNG", "image": name} for name in ("a.png", "b.png", "./a.png")])
    (geometry,) = told["CityObjects"].pop("a")["geometry"]
    for number in (0, 1, 0, 2):
        drawn = {"day": {"values": [[[[number, 0, 1, 2, 3]]] * 6]}}
        told["CityObjects"][f"h{len(told['CityObjects'])}"] = {
            "type": "Building",
            "geometry": [{**geometry, "texture": drawn}],
        }
    (tmp_path / "a.city.json").write_text(json.dumps(told))
    batches = list(recognise(tmp_path / "a.city.json").read(Source(str(tmp_path / "a.city.json"), "buildings")))
    assert [len(batch.frame) for batch in batches] == [1, 1, 1, 1]
    kept = [one.appearance["textures"][0] for batch in batches for one in batch.frame["boundary"]]
    assert len({one[PICTURE] for one in kept}) == 2
    assert kept[2][PICTURE] is kept[3][PICTURE]  # another spelling of the same file
