"""Which building each address belongs to, in the present: renewed for what a publication touched, in its transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from cim.store.db import raw
from cim.store.sql import statement

_FEW = 50
"""So few streets are asked for by name; for more, every building with an address is looked at."""


@dataclass(frozen=True, slots=True)
class Said:
    """An address that is tied to no building: what it says of its county's code, street and number."""

    address_id: int
    county: str
    street: str
    number: str


def are_held(connection: Connection) -> bool:
    """Whether the store holds any address at all."""
    found = "SELECT EXISTS (SELECT FROM cim.feature WHERE layer = 'addresses' AND record_to IS NULL)"
    return bool(connection.execute(text(found)).scalar_one())


def of_delivery(connection: Connection) -> None:
    """Let `addressed` hold the addresses that the judged delivery (temporary table `delivery`) touched."""
    _begin(connection)
    touched = "INSERT INTO addressed SELECT DISTINCT object_id FROM delivery WHERE fate <> 'unchanged'"
    connection.execute(text(touched))


def of_dataset(connection: Connection, dataset_id: int) -> None:
    """Let `addressed` hold every address of a dataset, present or not."""
    _begin(connection)
    every = "INSERT INTO addressed SELECT id FROM cim.object WHERE dataset_id = :id"
    connection.execute(text(every), {"id": dataset_id})


def about_buildings(connection: Connection, reach_m: float) -> None:
    """Let `addressed` hold the addresses tied to or near the buildings that the judged delivery touched."""
    _begin(connection)
    connection.execute(statement("select_addresses_about"), {"reach": reach_m})


def clear(connection: Connection) -> None:
    """Take the ties of the addresses in `addressed` away, and the reasons of those that had none."""
    connection.execute(text("ANALYZE addressed"))
    connection.execute(text("DELETE FROM cim.address_link WHERE address_id IN (SELECT address_id FROM addressed)"))
    connection.execute(text("DELETE FROM cim.address_unlinked WHERE address_id IN (SELECT address_id FROM addressed)"))


def tie_by_place(connection: Connection, reach_m: float, *, without_points: bool = False) -> None:
    """Tie the addresses in `addressed` by place. reach_m: how far a building may be. without_points: none that are one."""
    connection.execute(statement("insert_address_links"), {"reach": reach_m, "spared": without_points})


def tied(connection: Connection) -> dict[str, int]:
    """How many of `addressed` are tied by what: {inside, near, text}."""
    counted = text("""
        SELECT how, count(*) FROM cim.address_link
        WHERE address_id IN (SELECT address_id FROM addressed) GROUP BY how""")
    return {how: int(number) for how, number in connection.execute(counted)}


def note_untied(connection: Connection, ambiguous: Sequence[int]) -> dict[str, int]:
    """Keep why addresses in `addressed` are tied to no building: {reason: how many of `addressed`}.

    ambiguous: ids of addresses whose street and number several buildings have, of `addressed` or not.
    """
    connection.execute(statement("upsert_unlinked_addresses"), {"ambiguous": list(ambiguous)})
    counted = text("""
        SELECT why, count(*) FROM cim.address_unlinked
        WHERE address_id IN (SELECT address_id FROM addressed) GROUP BY why ORDER BY why""")
    return {why: int(number) for why, number in connection.execute(counted)}


def untied(connection: Connection) -> list[Said]:
    """Those in `addressed` that are tied to no building and say a street and a number."""
    rows = connection.execute(
        text("""
            SELECT a.object_id, coalesce(left(a.properties ->> 'division', 6), '') AS county,
                   a.properties ->> 'street' AS street, a.properties ->> 'number' AS number
            FROM addressed t JOIN cim.current_feature a ON a.layer = 'addresses' AND a.object_id = t.address_id
            WHERE a.properties ? 'street' AND a.properties ? 'number'
              AND NOT EXISTS (SELECT FROM cim.address_link l WHERE l.address_id = t.address_id)""")
    )
    return [Said(int(row.object_id), row.county, row.street, row.number) for row in rows]


def untied_saying(connection: Connection, said: Iterable[tuple[str, str]]) -> list[Said]:
    """All addresses that are tied to no building and say one of these (street, number)."""
    pairs = sorted(set(said))
    if not pairs:
        return []
    rows = connection.execute(
        text("""
            SELECT a.object_id, coalesce(left(a.properties ->> 'division', 6), '') AS county, k.street, k.number
            FROM unnest(CAST(:streets AS text[]), CAST(:numbers AS text[])) AS k (street, number)
            JOIN cim.current_feature a ON a.layer = 'addresses' AND a.properties ? 'street' AND a.properties ? 'number'
             AND a.properties ->> 'street' = k.street AND a.properties ->> 'number' = k.number
            WHERE NOT EXISTS (SELECT FROM cim.address_link l WHERE l.address_id = a.object_id)"""),
        {"streets": [street for street, _ in pairs], "numbers": [number for _, number in pairs]},
    )
    return [Said(int(row.object_id), row.county, row.street, row.number) for row in rows]


def touched_buildings(connection: Connection) -> Iterator[tuple[int, str]]:
    """What buildings that the judged delivery touched have and had for addresses: (building's id, address)."""
    query = """
        SELECT DISTINCT building_id, address FROM cim.body
        WHERE address IS NOT NULL AND building_id IN (SELECT object_id FROM delivery WHERE fate <> 'unchanged')"""
    for row in connection.execute(text(query), execution_options={"yield_per": 5_000}):
        yield int(row.building_id), row.address


def addressed_buildings(connection: Connection, streets: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Buildings of now that have an address, as it is written: (building's id, address); those on few streets alone."""
    if len(streets) > _FEW:
        yield from _addressed(connection, "true", {})
    else:
        patterns = [f"%{street}%" for street in streets]
        yield from _addressed(connection, "address LIKE ANY (CAST(:patterns AS text[]))", {"patterns": patterns})


def tie_by_text(connection: Connection, ties: Sequence[tuple[int, int]]) -> None:
    """Tie addresses to buildings by what both say: (address's id, building's id)."""
    into = "COPY cim.address_link (address_id, building_id, how) FROM STDIN"
    with raw(connection).cursor() as cursor, cursor.copy(into) as copy:
        for address_id, building_id in ties:
            copy.write_row((address_id, building_id, "text"))
    gone = text("DELETE FROM cim.address_unlinked WHERE address_id = ANY (CAST(:ids AS bigint[]))")
    connection.execute(gone, {"ids": [address_id for address_id, _ in ties]})


def _addressed(connection: Connection, where: str, values: dict[str, Any]) -> Iterator[tuple[int, str]]:
    query = f"SELECT DISTINCT building_id, address FROM cim.current_body WHERE address IS NOT NULL AND {where}"
    for row in connection.execute(text(query), values, execution_options={"yield_per": 5_000}):
        yield int(row.building_id), row.address


def _begin(connection: Connection) -> None:
    connection.execute(text("DROP TABLE IF EXISTS addressed"))
    connection.execute(text("CREATE TEMPORARY TABLE addressed (address_id int8 PRIMARY KEY) ON COMMIT DROP"))
