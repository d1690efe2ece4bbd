"""Why an address belongs to no building, as things stand now."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table; addresses that are held already get reasons when they, or buildings about them, come again."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))  # the driver takes % for a placeholder
