"""The implicit export of a city in a real store: by the rules beside the tileset it was made of, and of its last state."""

from pathlib import Path

import pytest

from cim.city import City
from cim.store.db import Database
from tests.sample_city import city as sample
from tests.tile_yard import drawn, execute, insert, yard_at
from tests.tileset_rules.check import check_folder
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Folder
from tests.tileset_rules.walk import Walk
from tilesets.city import upper
from tilesets.city.refresh import Yard, refresh
from tilesets.implicit import export

pytestmark = pytest.mark.db


@pytest.fixture(params=["compact", "wide"])
def yard(
    database: Database, city: City, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Yard:
    """400 buildings over two districts, built: under a root that only leads on, and under one that draws."""
    if request.param == "wide":
        monkeypatch.setattr(upper, "ROOT_LIMIT", 50)
    made = yard_at(database, city, tmp_path / "var", target_bytes=2_000)
    insert(database, sample(400, width_m=6000.0))
    refresh(made)
    return made


def finest(folder: Path) -> list[int]:
    """The ids of the buildings that the finest tiles of an export draw."""
    root = Walk(Folder(folder), Report()).tileset("tileset.json", None)
    assert root is not None
    return sorted(
        id
        for tile in root.walk()
        for table in tile.tables
        if table.class_name == "building" and not tile.children
        for id in table.columns["id"].tolist()
    )


def test_a_city_and_its_export_break_no_rule_before_and_after_an_edit(yard: Yard, tmp_path: Path) -> None:
    for number, edit in enumerate((None, "DELETE FROM cim.body WHERE id % 4 = 1")):
        if edit is not None:
            execute(yard.database, edit)
            assert refresh(yard).is_new
        out = tmp_path / f"implicit{number}"
        wrote = export(yard.sink.folder, "city", out, crs=yard.city.crs)
        explicit, implicit = check_folder(yard.sink.folder), check_folder(out, "tileset.json")
        assert (explicit.violations, implicit.violations) == ([], [])
        assert explicit.contents == implicit.contents == wrote.contents
        assert implicit.subtrees == wrote.subtrees > 1
        assert finest(out) == sorted(drawn(yard))
