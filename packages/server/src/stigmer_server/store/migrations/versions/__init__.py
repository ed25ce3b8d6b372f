"""Migrations of the store, applied by `stigmer_server.store.migrate`."""
