"""What the server remembers: resources, executions and their event logs, keys, secrets, what is still to be done."""

from stigmer_server.store.database import Database, open_database
from stigmer_server.store.transaction import Transaction

__all__ = ["Database", "Transaction", "open_database"]
