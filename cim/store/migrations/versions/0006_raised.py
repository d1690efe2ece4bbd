"""Heights of lines: a shape with a height at every vertex beside the flat one."""

from pathlib import Path

from alembic import context, op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; no row changes."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    script = script.replace("{srid}", str(int(context.config.attributes["srid"])))
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))  # the driver takes % for a placeholder
