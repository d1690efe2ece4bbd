"""Alembic's entry: runs the migrations on the connection that `cim.store.db` hands over."""

from alembic import context


def run() -> None:
    """Migrate online, in one transaction, with the version table beside our own."""
    context.configure(
        connection=context.config.attributes["connection"],
        version_table_schema="cim",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
