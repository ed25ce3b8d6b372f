"""Which execution a sub-workflow belongs to, so that it is found without a look at all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The root of `<root>/<number>/<number>` is what stands before the first slash."""
    op.add_column("executions", sa.Column("root_id", sa.String(length=255), nullable=True))
    op.create_index(op.f("ix_executions_root_id"), "executions", ["root_id"], unique=False)
    executions = sa.table("executions", sa.column("id", sa.String), sa.column("root_id", sa.String))
    connection = op.get_bind()
    for child in connection.execute(sa.select(executions.c.id).where(executions.c.id.contains("/"))).scalars().all():
        root = child.partition("/")[0]
        connection.execute(sa.update(executions).where(executions.c.id == child).values(root_id=root))
