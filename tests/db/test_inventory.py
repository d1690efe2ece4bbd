"""The inventory of a server: always what counting would give, and counted only where something has changed."""

import time

import pytest

from api.inventory import Inventory
from cim.store import features
from tests.sample_city import city as sample
from tests.tile_yard import execute, insert

pytestmark = pytest.mark.db


def test_the_inventory_is_what_counting_gives_whoever_changes_the_model(database, stations, monkeypatch):
    inventory, counted, count = Inventory(), [], features.layer_counts

    def noted(connection):
        counted.append(1)
        return count(connection)

    monkeypatch.setattr(features, "layer_counts", noted)

    def told():
        with database.begin() as connection:
            found = inventory.of(connection)
            assert found[0] == count(connection) | features.device_counts(connection)
            assert found[1] == features.has_synthetic(connection)
        return found[0]["buildings"], found[1]

    assert (told(), told(), len(counted)) == ((0, True), (0, True), 1)
    insert(database, sample(6, old_share=0.0))
    assert (told(), told(), len(counted)) == ((6, True), (6, True), 2)
    execute(database, "DELETE FROM cim.body WHERE building_id = (SELECT min(building_id) FROM cim.body)")
    execute(database, "UPDATE cim.body SET is_synthetic = false")
    execute(database, "UPDATE cim.thing SET is_synthetic = false")
    assert (told(), told(), len(counted)) == ((5, False), (5, False), 3)
    execute(database, "TRUNCATE cim.body")
    assert (told(), len(counted)) == ((0, False), 4)


def test_a_day_that_comes_is_counted_though_nobody_commits_anything(database):
    inventory = Inventory()
    insert(database, sample(3, old_share=0.0))
    execute(database, "UPDATE cim.body SET valid_to = now() + interval '300 milliseconds' WHERE source_row = 1")
    seen, deadline = set(), time.monotonic() + 60
    while 2 not in seen:
        assert time.monotonic() < deadline, "the day did not come"
        with database.begin() as connection:
            told = inventory.of(connection)[0]["buildings"]
            assert told == features.counts(connection)["buildings"]
        seen.add(told)
