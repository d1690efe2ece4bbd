"""`cim export` in one city and `cim load` of what it wrote in another: folders, archives, point clouds, spoilt packages."""

from pathlib import Path

import numpy as np
import pytest

from api.cli import main
from cim.store import catalogue
from tests.conftest import other_database
from tests.las_files import write_las
from tests.rich_city import fill, load
from tests.round_trip import assert_same, held

pytestmark = pytest.mark.db


@pytest.fixture(autouse=True)
def city_file(monkeypatch):
    monkeypatch.setenv("CIM_CITY", str(Path("city.toml").resolve()))


@pytest.fixture(scope="module")
def full(cluster, template, city, tmp_path_factory):
    """A database with some layers; nothing here writes to it."""
    with other_database(cluster, template) as database:
        fill(database, city, tmp_path_factory.mktemp("some"), only=("roads", "buildings", "pipes", "division_codes"))
        yield database


@pytest.fixture
def export(full, tmp_path, monkeypatch):
    """Runs `cim export` there."""

    def run(to, *words, database=full):
        monkeypatch.setenv("CIM_DATA", str(tmp_path / "var"))
        monkeypatch.setenv("CIM_DATABASE_URL", database.url)
        return main(["export", "--to", str(to), *words])

    return run


@pytest.fixture
def load_elsewhere(database, tmp_path, monkeypatch):
    """Runs `cim load` in the other city."""

    def run(*words):
        monkeypatch.setenv("CIM_DATA", str(tmp_path / "other"))
        monkeypatch.setenv("CIM_DATABASE_URL", database.url)
        return main(["load", *map(str, words)])

    return run


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_another_city_loads_a_package_and_again_without_a_change(
    full, database, export, load_elsewhere, tmp_path, capsys, name
):
    words = ("--layer", "roads", "--layer", "buildings", "--layer", "pipes", "--layer", "division_codes")
    assert export(tmp_path / name, *words, "--by", "测绘院") == 0
    assert "roads.gpkg: 2 records" in capsys.readouterr().err
    assert export(tmp_path / name, *words) == 1
    assert "is there already; give a new name" in capsys.readouterr().err
    assert load_elsewhere(tmp_path / name) == 0
    assert "a package of exports with 4 datasets, every file as its checksum says" in capsys.readouterr().err
    for layer in words[1::2]:
        assert_same(held(database, layer), held(full, layer))
    assert load_elsewhere(tmp_path / name) == 0
    assert capsys.readouterr().err.count("unchanged  ") == 4


def test_a_package_replaces_datasets_that_the_city_file_names_too(
    full, database, city, export, load_elsewhere, tmp_path, capsys
):
    assert "roads" in {source.name for source in city.sources}
    older = tmp_path / "roads.geojson"
    older.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "gone"}, "geometry": '
        '{"type": "LineString", "coordinates": [[113.3, 40.1], [113.31, 40.1]]}}]}'
    )
    load(database, city, "roads", older, crs="EPSG:4326")
    assert export(tmp_path / "out", "--layer", "roads", "--format", "csv", "--format", "shp") == 0
    assert load_elsewhere(tmp_path / "out") == 0
    assert "1 ended" in capsys.readouterr().err
    assert held(database, "roads").keys() == held(full, "roads").keys()


def test_a_changed_byte_is_refused_by_name_and_nothing_is_loaded(export, database, load_elsewhere, tmp_path, capsys):
    assert export(tmp_path / "out", "--layer", "roads", "--layer", "pipes") == 0
    path = tmp_path / "out" / "roads.gpkg"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert load_elsewhere(tmp_path / "out") == 1
    assert "roads.gpkg: is not as it was written" in capsys.readouterr().err
    with database.begin() as connection:
        assert catalogue.published(connection) == []


def test_a_cloud_of_several_files_goes_out_and_comes_in_whole(
    cluster, template, city, database, export, load_elsewhere, tmp_path
):
    (tmp_path / "tiles").mkdir()
    for number in range(2):
        xyz = np.column_stack(
            [439_800.0 + np.arange(50.0) + 100 * number, np.full(50, 4_439_700.0), np.full(50, 1040.0)]
        )
        write_las(tmp_path / "tiles" / f"{number}.las", xyz, np.full(50, 2, dtype=np.uint8), crs="EPSG:4547")
    with other_database(cluster, template) as source:
        load(source, city, "point_clouds", tmp_path / "tiles")
        assert export(tmp_path / "out.zip", database=source) == 0
    assert load_elsewhere(tmp_path / "out.zip") == 0
    with database.begin() as connection:
        (found,) = catalogue.published(connection)
    assert found.raster is not None
    assert (found.layer, found.raster["count"], len(found.raster["files"])) == ("point_clouds", 100, 2)
