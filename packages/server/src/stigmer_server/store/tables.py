"""The tables. Times are Unix milliseconds; `body` columns hold messages of the contract in binary form."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

# The id of a sub-workflow's execution is that of its parent and a number, as often as they are nested.
_ID = 255

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# All resources but executions. `parent` is the workflow of an instance, or the execution of a context.
resources = Table(
    "resources",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", Integer, nullable=False),
    Column("scope", Integer, nullable=False),
    Column("org", Text, nullable=False),
    Column("slug", String(63), nullable=False),
    Column("parent", String(_ID), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("kind", "scope", "org", "slug"),
    Index(None, "kind", "parent"),
)

# Every spec a resource ever had. `version` is the hash of the spec, `tag` the version its author gave it.
resource_versions = Table(
    "resource_versions",
    metadata,
    Column("resource_id", String(64), ForeignKey("resources.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("version", String(64), nullable=False),
    Column("tag", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# `body` is the execution without its status. `snapshot` is the status after `snapshot_sequence` events; the status of
# now is the snapshot and the events after it, up to `last_sequence`. `revision` counts the changes. `task_types` says
# what the tasks of its document are for; null for executions that are older than the column. `root_id` is the execution
# that a sub-workflow belongs to in the end, null for one that is none.
executions = Table(
    "executions",
    metadata,
    Column("id", String(_ID), primary_key=True),
    Column("workflow_id", String(64), nullable=False),
    Column("instance_id", String(64), nullable=False),
    Column("phase", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("snapshot_sequence", BigInteger, nullable=False),
    Column("runner_id", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("snapshot", LargeBinary, nullable=False),
    Column("task_types", LargeBinary, nullable=True),
    Column("root_id", String(_ID), nullable=True),
    Index(None, "created_at", "id"),
    Index(None, "workflow_id", "created_at"),
    Index(None, "instance_id", "created_at"),
    Index(None, "phase", "created_at"),
    Index(None, "root_id"),
)

execution_tags = Table(
    "execution_tags",
    metadata,
    Column("execution_id", String(_ID), ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index(None, "tag"),
)

# What a caller, by the name of its API key, created under a key of its own. `content` is the hash of the request.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("execution_id", String(_ID), ForeignKey("executions.id", ondelete="CASCADE"), nullable=False),
    Column("content", String(64), nullable=False),
    Index(None, "execution_id"),
)

# Keys of the signals that were handed to an execution.
signal_keys = Table(
    "signal_keys",
    metadata,
    Column("execution_id", String(_ID), ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
)

# Append-only. Rows with a sequence above `executions.last_sequence` wait for those before them.
events = Table(
    "events",
    metadata,
    Column("execution_id", String(_ID), ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# What is still to be told to a runner. `not_before` is also the end of the lease of who works on it.
outbox = Table(
    "outbox",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("execution_id", String(_ID), nullable=False),
    Column("action", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("runner_id", String(64), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("last_error", Text, nullable=False),
    Index(None, "not_before"),
    Index(None, "execution_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=True),
)

# Last health check of a registered runner.
runner_health = Table(
    "runner_health",
    metadata,
    Column("runner_id", String(64), ForeignKey("resources.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("checked_at", BigInteger, nullable=False),
)

# Values of secrets, encrypted. `owner_id` is the resource or execution; `name` the variable.
secrets = Table(
    "secrets",
    metadata,
    Column("owner_id", String(_ID), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("key_name", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
