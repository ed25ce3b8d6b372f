"""The `stigmer` command."""

from stigmer_runner.cli.app import main

__all__ = ["main"]
