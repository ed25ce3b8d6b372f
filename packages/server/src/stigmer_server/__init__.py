"""The embedded Stigmer service."""
