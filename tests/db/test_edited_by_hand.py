"""A store that somebody edited with SQL: a name with an @ is its own."""

import pytest

from cim.store import marks
from tests.sample_city import city as sample
from tests.tile_yard import execute, insert

pytestmark = pytest.mark.db


def edit(database, id, properties):
    execute(
        database, "UPDATE cim.body SET properties = properties || %s::jsonb WHERE building_id = %s", (properties, id)
    )


def test_an_assembly_whose_name_has_an_at_sign_is_found_by_its_whole_name(database):
    rows = sample(4, old_share=0.0)
    insert(database, rows)
    names = ("gate@north", "gate@90", "gate", "tower")
    for id, name in zip(rows.id.tolist(), names, strict=True):
        edit(database, id, f'{{"assembly": "{name}"}}')
    cell = dict(zip(names, rows.cell.tolist(), strict=True))
    with database.begin() as connection:
        found = {name: marks.assembled(connection, [name]).tolist() for name in ("gate@north", "gate", "gate@90")}
    assert found == {
        "gate@north": [cell["gate@north"]],
        "gate": sorted({cell["gate@90"], cell["gate"]}),
        "gate@90": [],
    }
