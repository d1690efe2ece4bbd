"""Names in the store: each distinct name of places once, with all the spellings under which it is looked for."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from cim.finding.names import Named, keys, spellings
from cim.pinyin import spell
from cim.store.copy_text import field, texts
from cim.store.db import raw
from cim.store.publication import indexes_deferred
from cim.store.sql import statement

_COLUMNS = ("spelling", "folded", "is_short", "roles", "rank", "pinyin", "initials", "keys")
_AT_ONCE = 5_000
_MANY = 10_000  # two of the indexes hold tens of entries a name: row by row they are slow to fill


def add(connection: Connection, names: Iterable[Named]) -> int:
    """Make these names findable; what they are to their places adds to what is known. Returns how many there were."""
    connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS fresh_name (LIKE cim.place_name) ON COMMIT DROP"))
    connection.execute(text("TRUNCATE fresh_name"))
    listed = list(names)
    forms = 0
    with raw(connection).cursor() as cursor, cursor.copy(f"COPY fresh_name ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for begin in range(0, len(listed), _AT_ONCE):
            lines = [line for one in listed[begin : begin + _AT_ONCE] for line in _lines(one)]
            forms += len(lines)
            copy.write("".join(lines))
    if listed:
        with indexes_deferred(connection, "place_name", forms, least=_MANY):
            connection.execute(statement("insert_place_names"))
        connection.execute(text("ANALYZE cim.place_name"))
    return len(listed)


def _lines(one: Named) -> Iterator[str]:
    """A name's spellings as lines of COPY."""
    for form, is_short in spellings(one.folded, one.roles).items():
        told = (form, one.folded, "t" if is_short else "f", str(one.roles), str(one.rank), *spell(form))
        yield "\t".join([*map(field, told), texts(keys(form))]) + "\n"


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
