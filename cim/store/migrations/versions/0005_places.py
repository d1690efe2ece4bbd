"""Places by their parts: names once, with all their spellings; records by equality of names and numbers."""

from pathlib import Path

from alembic import op

from cim.store.places.names import respell_all

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Change the tables, then spell the names of what is loaded; its addresses are read into parts by their next load."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))  # the driver takes % for a placeholder
    respell_all(op.get_bind())
