"""Settings come from the given environment and folder only."""

import pytest

from cim.errors import BadSettings
from cim.settings import from_environment


def test_a_folder_below_the_city_file_finds_it(tmp_path):
    (tmp_path / "city.toml").write_text("")
    (tmp_path / "notebooks").mkdir()
    settings = from_environment({}, tmp_path / "notebooks")
    assert settings.city_file == tmp_path / "city.toml"
    assert settings.data == tmp_path / "var"
    assert (settings.port, settings.database_url) == (8000, None)


def test_variables_win(tmp_path):
    environ = {"CIM_CITY": "other.toml", "CIM_DATA": "there", "CIM_PORT": "9000", "CIM_DATABASE_URL": "postgresql:///x"}
    settings = from_environment(environ, tmp_path)
    assert settings.city_file == tmp_path / "other.toml"
    assert settings.data == tmp_path / "there"
    assert (settings.port, settings.database_url) == (9000, "postgresql:///x")


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_no_port_is_refused(port, tmp_path):
    with pytest.raises(BadSettings, match="CIM_PORT"):
        from_environment({"CIM_PORT": port}, tmp_path)


def test_a_missing_city_file_is_named(tmp_path):
    with pytest.raises(BadSettings, match=r"absent\.toml.*CIM_CITY"):
        from_environment({"CIM_CITY": "absent.toml"}, tmp_path).city()


def test_locations_are_beside_the_city_file_or_in_the_data_folder(tmp_path):
    settings = from_environment({"CIM_CITY": "a/city.toml", "CIM_DATA": "d"}, tmp_path)
    assert settings.locate("x/y.tif") == tmp_path / "a" / "x" / "y.tif"
    assert settings.locate("{data}/y.tif") == tmp_path / "d" / "y.tif"
