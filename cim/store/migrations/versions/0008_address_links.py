"""Which building an address belongs to, as things stand now."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table; addresses that are held already are tied when they, or buildings about them, are next loaded."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))  # the driver takes % for a placeholder
