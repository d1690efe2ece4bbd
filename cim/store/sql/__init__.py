"""Statements of more than ten lines, one file each, named verb_noun.sql."""

from functools import lru_cache
from importlib.resources import files

from sqlalchemy import TextClause, text


@lru_cache(maxsize=64)
def statement(name: str) -> TextClause:
    """The statement in `<name>.sql`, with `:bound` values."""
    return text(source(name))


def source(name: str) -> str:
    """The text of `<name>.sql`; those that the driver runs itself, in bulk, have `%(bound)s` values."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
