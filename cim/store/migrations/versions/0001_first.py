"""The first shape of the store: catalogue, objects, bodies, features, places, live tables."""

from pathlib import Path

from alembic import context, op
from sqlalchemy import text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything in one transaction, geometry columns in the city frame."""
    srid = int(context.config.attributes["srid"])
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    connection = op.get_bind()
    connection.exec_driver_sql(script.replace(":srid", str(srid)))
    connection.execute(
        text("INSERT INTO cim.city (name, code, srid, height_datum) VALUES (:name, :code, :srid, :height_datum)"),
        context.config.attributes["city"],
    )
