"""How several processes share the suite: what needs one city, or one file's fixtures, is never torn apart."""

from pathlib import Path

from tests.shares import CITY, share

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_tests_of_a_file_stay_together() -> None:
    assert (
        share("tests/db/test_a.py::test_b[c::d]") == share("tests/db/test_a.py::Told::test_e") == "tests/db/test_a.py"
    )


def test_whatever_runs_in_the_sample_city_is_one_share() -> None:
    assert all((CHECKOUT / place).exists() for place in CITY)
    files = [path.relative_to(CHECKOUT).as_posix() for path in sorted((CHECKOUT / "tests/browser").glob("test_*.py"))]
    assert files
    assert {share(f"{file}::test_a") for file in files} == {share("tests/db/test_sample_city.py::test_b")} == {"city"}
    assert share("tests/db/test_city_tiles.py::test_c") != "city"
