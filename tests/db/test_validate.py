"""`cim validate`: what a store draws is valid, delivered solids that are not are told of, and files are looked at."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from api.cli import main
from cim.city import City
from cim.store.db import Database
from tests.city_models import cube, document
from tests.db.test_assemblies import TOWER, WALK, WALL, deliver
from tests.db.test_surface_tiles import load
from tests.mesh_files import FACES, gabled, obj
from tests.sample_city import CENTRE
from tests.sample_city import city as sample
from tests.tile_yard import insert, yard_at

pytestmark = pytest.mark.db
Validate = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def validate(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Validate:
    """Runs the command over the test's database: its exit code, and what it wrote."""
    monkeypatch.setenv("CIM_DATABASE_URL", database.url)
    monkeypatch.setenv("CIM_DATA", str(tmp_path / "var"))

    def run(*paths: Path) -> tuple[int, dict[str, object]]:
        code = main(["validate", *map(str, paths), "--out", str(tmp_path / "found.json")])
        return code, json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))

    return run


def test_what_is_drawn_is_valid_and_a_delivered_body_with_a_hole_is_told_by_its_code(
    database: Database, city: City, validate: Validate, tmp_path: Path
) -> None:
    yard_at(database, city, tmp_path / "var")
    insert(database, sample(60, width_m=1000.0, old_share=0.5))
    deliver(database, city, tmp_path / "parts.csv", WALL, WALK, TOWER)
    code, found = validate()
    assert (code, found["bodies"], found["invalid"], found["findings"]) == (0, 30, 0, [])
    corners = gabled(CENTRE[0] + 700.0, CENTRE[1], 1040.0)
    corners[6, 2] += 1.5  # a ridge that is no longer level bends the slopes
    load(database, city, obj(tmp_path / "bent.obj", {"bent": corners}))
    code, found = validate()
    assert (code, found["bodies"], found["invalid"]) == (1, 31, 1)
    assert list(found["codes"]) == ["203"]  # type: ignore[call-overload]
    fault = found["findings"][0]  # type: ignore[index]
    assert (fault["name"], fault["made"]) == ("NON_PLANAR_POLYGON_DISTANCE_PLANE", "surfaces")
    assert city.extent.contains(fault["place"]["lon"], fault["place"]["lat"])


def test_files_are_judged_without_being_loaded_or_saying_where_they_stand(
    validate: Validate, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sound, broken = cube(), cube()
    broken["boundaries"] = [broken["boundaries"][0][:-1]]
    for name, geometry in (("sound", sound), ("broken", broken)):
        told = document(CityObjects={"b": {"type": "Building", "geometry": [geometry]}})
        told.pop("metadata", None)
        (tmp_path / f"{name}.city.json").write_text(json.dumps(told), encoding="utf-8")
    assert validate(tmp_path / "sound.city.json")[0] == 0
    code, found = validate(tmp_path / "sound.city.json", tmp_path / "broken.city.json")
    assert (code, found["bodies"], found["invalid"], found["codes"]) == (1, 2, 1, {"302": 1})
    assert "broken.city.json b (LoD" in capfd.readouterr().err
    mesh = obj(tmp_path / "house.obj", {"house": np.array(gabled(10.0, 20.0, 0.0))}, FACES)
    code, found = validate(mesh)
    assert (code, found["bodies"]) == (0, 1)


def test_a_file_of_no_bodies_is_refused(validate: Validate, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,lon,lat\n1,113.3,40.1\n", encoding="utf-8")
    assert main(["validate", str(tmp_path / "p.csv")]) == 1


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(
    validate: Validate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.city.json").write_text(json.dumps(document()), encoding="utf-8")
    out = tmp_path / "none" / "found.json"
    assert main(["validate", str(tmp_path / "a.city.json"), "--out", str(out)]) == 1
    assert f"cim: {out}: cannot be written: No such file or directory" in "".join(capsys.readouterr())
