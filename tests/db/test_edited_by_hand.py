"""A store that somebody edited with SQL: strange numbers count as unknown, and a name with an @ is its own."""

import numpy as np
import pytest
import shapely

from cim.store import fixtures, grounds, marks, reaches
from cim.store.bodies import reading
from cim.types import Box
from tests.model_rows import put_feature
from tests.mvt_reader import moved
from tests.sample_city import CENTRE
from tests.sample_city import city as sample
from tests.tile_yard import execute, insert

pytestmark = pytest.mark.db


def edit(database, id, properties):
    execute(
        database, "UPDATE cim.body SET properties = properties || %s::jsonb WHERE building_id = %s", (properties, id)
    )


def test_numbers_that_no_load_would_let_in_are_unknown_and_stop_no_other_building(database):
    rows = sample(4, old_share=0.0)
    insert(database, rows)
    first, second, third, fourth = rows.id.tolist()
    edit(database, first, '{"pitch_deg": "steep", "front_deg": {"n": 1}, "eaves_tiers": "two"}')
    edit(database, second, '{"pitch_deg": 1e400, "front_deg": -4, "eaves_tiers": 300}')
    edit(database, third, '{"pitch_deg": 200, "front_deg": true, "eaves_tiers": 1.5}')
    edit(database, fourth, '{"pitch_deg": 30, "front_deg": 90.5, "eaves_tiers": 2}')
    with reading(database) as reader:
        held = reader.within(0, 2**62)
    place = {id: row for row, id in enumerate(held.id.tolist())}
    for id in (first, second, third):
        row = place[id]
        assert np.isnan([held.pitch_deg[row], held.front_deg[row]]).all()
        assert held.eaves_tiers[row] == 0
    row = place[fourth]
    assert (held.pitch_deg[row], held.front_deg[row], held.eaves_tiers[row]) == (30.0, 90.5, 2)


def test_sizes_of_trees_streets_and_cameras_that_are_no_numbers_are_unknown(database):
    placed = {
        "trees": ("height_m", "crown_m"),
        "roads": ("width_m",),
        "cameras": ("azimuth_deg", "fov_deg", "range_m"),
    }
    shape = {"roads": moved(shapely.LineString([(-40, 0), (40, 0)]))}
    with database.begin() as connection:
        for layer, names in placed.items():
            for value in ("wide", 10**400, -5, True, 40):
                put_feature(
                    connection, layer, shape.get(layer, moved(shapely.Point(0, 0))), dict.fromkeys(names, value)
                )
        near = Box(CENTRE[0] - 5000, CENTRE[1] - 5000, CENTRE[0] + 5000, CENTRE[1] + 5000)
        trees, streets = fixtures.within(connection, near), grounds.reaching(connection, near)
        seen = reaches.reaches(connection, "cameras").numbers
    for column in (trees.height_m, trees.crown_m, streets.width_m, *seen.T):
        np.testing.assert_array_equal(column, [np.nan] * 4 + [40.0])


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
