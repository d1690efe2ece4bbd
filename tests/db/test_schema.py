"""The schema: what the migrations made is what the queries believe, and a database of another city is refused."""

from dataclasses import replace

import pytest
from sqlalchemy import MetaData, text

from cim.errors import BadSettings
from cim.store import schema, tables
from cim.store.db import Database
from cim.store.migrate import migrate

pytestmark = pytest.mark.db


def test_the_described_tables_are_the_migrated_ones(database: Database) -> None:
    with database.begin() as connection:
        found = MetaData(schema="cim")
        found.reflect(connection, views=True, only=[table.name for table in tables.metadata.tables.values()])
    for name, described in tables.metadata.tables.items():
        actual = found.tables[name]
        assert {c.name for c in described.columns} == {c.name for c in actual.columns}, name
        for column in described.columns:
            other = actual.columns[column.name]
            assert name.startswith("cim.current_") or column.nullable == other.nullable, f"{name}.{column.name}"
            assert column.type._type_affinity is other.type._type_affinity, f"{name}.{column.name}"


def test_migrating_again_does_nothing(database: Database, city) -> None:
    assert schema.is_current(database, city)
    assert not migrate(database, city)


def test_a_database_in_another_frame_is_refused(database: Database, city) -> None:
    with pytest.raises(BadSettings, match="EPSG:4547, but the city file says EPSG:4548"):
        migrate(database, replace(city, crs="EPSG:4548"))


def test_geometry_columns_are_in_the_city_frame_and_those_of_vector_tiles_in_web_mercator(database: Database) -> None:
    with database.begin() as connection:
        srids = connection.execute(
            text("""
                SELECT DISTINCT f_geometry_column = 'mercator' AS for_tiles, srid FROM geometry_columns
                WHERE f_table_schema = 'cim' ORDER BY 1""")
        )
        assert srids.all() == [(False, 4547), (True, 3857)]
