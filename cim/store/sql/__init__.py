"""Statements of more than ten lines, one file each, named verb_noun.sql."""

from functools import lru_cache
from importlib.resources import files

from sqlalchemy import TextClause, text


@lru_cache(maxsize=64)
def statement(name: str) -> TextClause:
    """The statement in `<name>.sql`, with `:bound` values."""
    return text(script(name))


def script(name: str) -> str:
    """The text of `<name>.sql`, for psycopg itself: with `%(bound)s` values."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
