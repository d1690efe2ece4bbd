"""The driver's errors become the project's: each by the remedy that its reader has."""

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from cim.errors import BadInput, BadSettings, CimError, Conflict, NoSpace, Unavailable
from cim.store.db import translate


@pytest.mark.parametrize(
    ("cause", "kind", "said"),
    [
        (psycopg.errors.DeadlockDetected("deadlock detected"), Conflict, "run it again"),
        (psycopg.errors.SerializationFailure("could not serialize access"), Conflict, "run it again"),
        (psycopg.errors.UniqueViolation("duplicate key"), Conflict, "already there"),
        (psycopg.errors.QueryCanceled("canceling statement due to statement timeout"), Unavailable, "took too long"),
        (psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"), Unavailable, "took too long"),
        (psycopg.OperationalError("server closed the connection"), Unavailable, "the database is away"),
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), BadInput, "NUL"),
        (psycopg.errors.NumericValueOutOfRange("bigint out of range"), BadInput, "bigint out of range"),
        (psycopg.errors.DiskFull("could not extend file"), NoSpace, "free some space"),
        (psycopg.errors.InsufficientPrivilege("permission denied"), BadSettings, "permission denied"),
        (psycopg.errors.UndefinedTable("no such relation"), CimError, "refused a statement"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_each_error_has_its_remedy(cause: psycopg.Error, kind: type[CimError], said: str) -> None:
    for error in (cause, DBAPIError("SELECT 1", None, cause)):
        found = translate(error)
        assert type(found) is kind
        assert said in str(found)
        assert ("away" in str(found)) == (said == "the database is away")
