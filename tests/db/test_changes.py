"""What every commit touched: rows of `cim.change` against brute force, their order, and what is rolled back."""

import random
import threading
import time
from collections import defaultdict

import psycopg
import pytest
from sqlalchemy import text

pytestmark = pytest.mark.db

BODY = """
    INSERT INTO cim.body (building_id, lod, cim_level, dataset_id, version_id, source_row, use, roof_form, height_m,
        height_basis, footprint, is_synthetic, cell, record_from)
    SELECT id, {lod}, 2, 1, 1, id, 0, 0, 9, 'source',
        ST_SetSRID(ST_MakeEnvelope(439000 + id, 4440000, 439001 + id, 4440001), Find_SRID('cim', 'body', 'footprint')),
        false, {cell}, now() FROM unnest(ARRAY[{objects}]::bigint[]) AS id"""
FEATURE = """
    INSERT INTO cim.feature (object_id, layer, dataset_id, version_id, source_row, geom, is_synthetic, cell, record_from)
    SELECT id, {layer}, 1, 1, id, NULL, false, {cell}, now() FROM unnest(ARRAY[{objects}]::bigint[]) AS id"""


@pytest.fixture
def store(database):
    """A store with 400 objects that have no state yet; what it answers to SQL."""
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO cim.dataset (name, layer, data_class) VALUES ('some', 'buildings', '时空基础')")
        )
        connection.execute(
            text("""
                INSERT INTO cim.dataset_version (dataset_id, state, location, checksum, fingerprint)
                VALUES (1, 'published', 'here', '', '')""")
        )
        connection.execute(
            text("INSERT INTO cim.object (dataset_id, source_key) SELECT 1, n FROM generate_series(1, 400) n")
        )
    with psycopg.connect(database.url, autocommit=True) as connection:
        yield connection


def states(connection):
    """Every row that a change could touch: {(table, id): (layer, object, cell, the row as text)}."""
    found = {}
    for table, layer, key in (("body", "'buildings'", "building_id"), ("feature", "layer", "object_id")):
        for row in connection.execute(f"SELECT id, {layer}, {key}, cell, t::text FROM cim.{table} t"):
            found[table, row[0]] = row[1:]
    return found


def differences(before, after):
    """By layer and square of 16 x 16 cells: the objects and the cells of rows that came, went or are not as they were."""
    found = defaultdict(lambda: (set(), set()))
    for key in before.keys() | after.keys():
        if before.get(key) == after.get(key):
            continue
        for layer, of, cell, _ in filter(None, (before.get(key), after.get(key))):
            objects, cells = found[layer, None if cell is None else cell >> 8]
            objects.add(of)
            cells |= set() if cell is None else {cell}
    return dict(found)


def noted(connection, after):
    """The same, as `cim.change` says it."""
    rows = connection.execute("SELECT layer, block, features, cells FROM cim.change WHERE id > %s", [after]).fetchall()
    found = {(layer, block): (set(features), set(cells)) for layer, block, features, cells in rows}
    assert len(found) == len(rows), "one row a layer and square of a statement"
    return found


def last_id(connection):
    return connection.execute("SELECT coalesce(max(id), 0) FROM cim.change").fetchone()[0]


def statements(chance):
    """Edits as somebody may write them in SQL, for ever; every one touches some rows of those that were made before."""
    objects = lambda: ", ".join(str(n) for n in chance.sample(range(1, 401), 30))  # noqa: E731
    lod = 1000
    while True:
        lod += 1
        near, far = chance.randrange(2**20), chance.randrange(2**34, 2**40)
        yield BODY.format(lod=lod, cell=f"{chance.choice([near, far])} + (id * 37) % 1000", objects=objects())
        layer = chance.choice(["'roads'", "'water'", "CASE WHEN id % 2 = 0 THEN 'roads' ELSE 'water' END"])
        yield "UPDATE cim.feature SET record_to = now() + interval '1 day' WHERE record_to IS NULL"
        yield FEATURE.format(
            layer=layer, cell=f"CASE WHEN id % 3 = 0 THEN NULL ELSE {near} + id END", objects=objects()
        )
        yield f"UPDATE cim.body SET height_m = height_m + 1 WHERE id % 7 = {chance.randrange(7)}"
        farther = chance.choice([1, 255, 2**30])
        yield f"UPDATE cim.body SET cell = cell + {farther} WHERE building_id % 5 = {chance.randrange(5)}"
        moved = "UPDATE cim.feature SET layer = 'landmarks', cell = NULL WHERE record_to IS NULL"
        yield f"{moved} AND id % 6 = {chance.randrange(6)}"
        yield f"DELETE FROM cim.body WHERE id % 11 = {chance.randrange(11)}"
        yield f"DELETE FROM cim.feature WHERE cell IS NULL AND id % 2 = {chance.randrange(2)}"
        yield "UPDATE cim.body SET height_m = 1 WHERE false"


def test_every_edit_by_hand_leaves_exactly_what_it_touched(store):
    chance = random.Random(8)
    edits = statements(chance)
    touched = 0
    for _ in range(90):
        before, after = states(store), last_id(store)
        sql = next(edits)
        store.execute(sql)
        expected = differences(before, states(store))
        assert noted(store, after) == expected, sql
        touched += sum(len(objects) for objects, _ in expected.values())
    assert touched > 1_500


def test_several_statements_of_one_transaction_wear_one_time_and_their_own_operations(store):
    with store.transaction():
        store.execute(BODY.format(lod=1, cell="id", objects="1, 2, 300"))
        store.execute("UPDATE cim.body SET storeys = 3 WHERE building_id = 2")
        store.execute("DELETE FROM cim.body WHERE building_id = 300")
    rows = store.execute("SELECT operation, features, cells FROM cim.change ORDER BY id, block").fetchall()
    assert rows == [
        ("insert", [1, 2], [1, 2]),
        ("insert", [300], [300]),
        ("update", [2], [2]),
        ("delete", [300], [300]),
    ]
    assert store.execute("SELECT count(DISTINCT at) FROM cim.change").fetchone() == (1,)


def test_a_truncated_table_may_have_changed_everywhere(store):
    store.execute(BODY.format(lod=1, cell="id", objects="1, 2"))
    store.execute("TRUNCATE cim.feature")
    store.execute("TRUNCATE cim.body CASCADE")
    rows = store.execute(
        "SELECT layer, operation, block, features, cells FROM cim.change ORDER BY id OFFSET 1"
    ).fetchall()
    assert rows == [("*", "truncate", None, [], None), ("buildings", "truncate", None, [], None)]


def test_what_is_rolled_back_leaves_nothing_and_holds_nobody_up(store, database):
    with store.transaction(force_rollback=True):
        store.execute(BODY.format(lod=1, cell="id", objects="1, 2"))
        assert last_id(store) > 0
    assert store.execute("SELECT count(*) FROM cim.change").fetchone() == (0,)
    with store.transaction():
        with store.transaction(force_rollback=True):  # to a savepoint
            store.execute(BODY.format(lod=1, cell="id", objects="3"))
        with psycopg.connect(database.url, autocommit=True, options="-c lock_timeout=2000") as other:
            other.execute(BODY.format(lod=1, cell="id", objects="4"))
        store.execute(BODY.format(lod=1, cell="id", objects="5"))
    assert store.execute("SELECT features FROM cim.change ORDER BY id").fetchall() == [([4],), ([5],)]
    assert store.execute("SELECT at FROM cim.change ORDER BY id").fetchall() == sorted(
        store.execute("SELECT at FROM cim.change").fetchall()
    )


def test_the_second_of_two_writers_waits_so_that_a_later_id_is_a_later_commit(store, database):
    done = []

    def second():
        with psycopg.connect(database.url) as other:
            other.execute(FEATURE.format(layer="'roads'", cell="id", objects="7"))
            done.append("changed")
            other.commit()

    with store.transaction():
        store.execute(BODY.format(lod=1, cell="id", objects="6"))
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.5)
        assert not done
        store.execute(BODY.format(lod=2, cell="id", objects="6"))
    thread.join(20)
    assert done
    assert store.execute("SELECT layer FROM cim.change ORDER BY id").fetchall() == [
        ("buildings",),
        ("buildings",),
        ("roads",),
    ]


def test_whoever_reads_behind_the_last_id_he_saw_misses_nothing_under_many_writers(store, database):
    def write(number: int) -> None:
        chance = random.Random(number)
        with psycopg.connect(database.url) as own:
            for step in range(15):
                objects = str(number * 50 + step + 1)
                table = BODY.format(lod=1, cell="id", objects=objects)
                own.execute(table if step % 2 else FEATURE.format(layer="'roads'", cell="id", objects=objects))
                time.sleep(chance.uniform(0.0, 0.01))
                own.rollback() if step % 5 == 4 else own.commit()

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    seen, cursor = [], 0
    while True:
        over = not any(writer.is_alive() for writer in writers)
        for id, at in store.execute("SELECT id, at FROM cim.change WHERE id > %s ORDER BY id", [cursor]):
            seen.append((id, at))
            cursor = id
        if over:
            break
    assert seen == store.execute("SELECT id, at FROM cim.change ORDER BY id").fetchall()
    assert len(seen) == 4 * 12
    assert [at for _, at in seen] == sorted({at for _, at in seen})
