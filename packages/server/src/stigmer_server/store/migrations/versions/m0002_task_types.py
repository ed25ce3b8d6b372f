"""What the tasks of an execution's document are for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Executions that are there already have none."""
    op.add_column("executions", sa.Column("task_types", sa.LargeBinary(), nullable=True))
