"""Names in the store: each distinct name of places once, with all the spellings under which it is looked for."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from cim.finding.names import Named, keys, spellings
from cim.pinyin import spell
from cim.store.db import raw
from cim.store.sql import statement

_COLUMNS = ("spelling", "folded", "is_short", "roles", "rank", "pinyin", "initials", "keys")


def add(connection: Connection, names: Iterable[Named]) -> int:
    """Make these names findable; what they are to their places adds to what is known. Returns how many there were."""
    connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS fresh_name (LIKE cim.place_name) ON COMMIT DROP"))
    connection.execute(text("TRUNCATE fresh_name"))
    number = 0
    with raw(connection).cursor() as cursor, cursor.copy(f"COPY fresh_name ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for one in names:
            number += 1
            for form, is_short in spellings(one.folded, one.roles).items():
                pinyin, initials = spell(form)
                copy.write_row([form, one.folded, is_short, one.roles, one.rank, pinyin, initials, keys(form)])
    if number:
        connection.execute(statement("insert_place_names"))
        connection.execute(text("ANALYZE cim.place_name"))
    return number


def add_staged(connection: Connection) -> int:
    """Make the names of the staged places findable that are not yet, or were something else until now."""
    rows = connection.execute(statement("select_staged_names")).all()
    return add(connection, (Named(row.folded, int(row.roles), int(row.rank)) for row in rows))


def drop_unused(connection: Connection) -> None:
    """Forget names that no place carries any more."""
    connection.execute(statement("delete_place_names"))


def respell_all(connection: Connection) -> None:
    """Make the names of all places that are held findable, from nothing."""
    rows = connection.execute(statement("select_held_names")).all()
    add(connection, (Named(row.folded, int(row.roles), int(row.rank)) for row in rows))
