"""What Alembic runs: on the connection it is given, within the transaction that holds the lock."""

from alembic import context

from stigmer_server.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
